"""`@task` with its variants, and `@task_group`."""

from __future__ import annotations

import functools

from airflow.sdk.bases.decorator import task_decorator_factory
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.definitions.dag import dag

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

__all__ = ["dag", "setup", "task", "task_group", "teardown"]

_STANDARD = "airflow.providers.standard.decorators"
# Name of the variant → its module there, and its class.
_VARIANTS = {
    "python": ("python", "_PythonDecoratedOperator"),
    "branch": ("branch_python", "_BranchPythonDecoratedOperator"),
    "short_circuit": ("short_circuit", "_ShortCircuitDecoratedOperator"),
    "bash": ("bash", "_BashDecoratedOperator"),
    "virtualenv": ("python_virtualenv", "_PythonVirtualenvDecoratedOperator"),
    "external_python": ("external_python", "_PythonExternalDecoratedOperator"),
    "branch_virtualenv": ("branch_virtualenv", "_BranchPythonVirtualenvDecoratedOperator"),
    "branch_external_python": ("branch_external_python", "_BranchExternalPythonDecoratedOperator"),
    "sensor": ("sensor", "DecoratedSensorOperator"),
    "stub": ("stub", "_StubOperator"),
}


class TaskDecoratorCollection:
    """`task` itself; its variants are attributes."""

    def __call__(self, python_callable: Any = None, **kwargs: Any) -> Any:
        return self.python(python_callable, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from importlib import import_module

        if name in ("run_if", "skip_if"):
            return getattr(import_module(f"{__name__}.condition"), name)
        if name not in _VARIANTS:
            refuse(f"@task.{name}")
        module, attribute = _VARIANTS[name]
        variant = functools.partial(
            task_decorator_factory,
            decorated_operator_class=getattr(import_module(f"{_STANDARD}.{module}"), attribute),
            decorator_name="task" if name == "python" else f"task.{name}",
        )
        self.__dict__[name] = variant
        return variant


task = TaskDecoratorCollection()


# Name → its module here, which is loaded when it is asked for.
_LAZY = {"task_group": "group_factory", "setup": "setup_teardown", "teardown": "setup_teardown"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value

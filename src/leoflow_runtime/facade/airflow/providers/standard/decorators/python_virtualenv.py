"""The operator behind `@task.virtualenv`. Built as declared; it does not run yet."""

from __future__ import annotations

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk.bases.decorator import task_decorator_factory
from airflow.sdk.definitions._internal.unsupported import refuse

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class _PythonVirtualenvDecoratedOperator(_PythonDecoratedOperator, PythonVirtualenvOperator):
    """Calls the decorated function in an environment made for it."""

    template_fields = PythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.virtualenv"

    def execute(self, context: Any) -> Any:
        refuse("@task.virtualenv")


def virtualenv_task(python_callable: Any = None, multiple_outputs: bool | None = None, **kwargs: Any) -> Any:
    """`@task.virtualenv`."""
    return task_decorator_factory(
        python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=_PythonVirtualenvDecoratedOperator,
        decorator_name="task.virtualenv",
        **kwargs,
    )

"""The operator behind `@task.branch_virtualenv`."""

from __future__ import annotations

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.providers.standard.operators.python import BranchPythonVirtualenvOperator
from airflow.sdk.bases.decorator import task_decorator_factory

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class _BranchPythonVirtualenvDecoratedOperator(_PythonDecoratedOperator, BranchPythonVirtualenvOperator):
    """Follows what the decorated function names, from an environment made for it."""

    template_fields = BranchPythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.branch_virtualenv"


def branch_virtualenv_task(
    python_callable: Any = None, multiple_outputs: bool | None = None, **kwargs: Any
) -> Any:
    """`@task.branch_virtualenv`."""
    return task_decorator_factory(
        python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=_BranchPythonVirtualenvDecoratedOperator,
        decorator_name="task.branch_virtualenv",
        **kwargs,
    )

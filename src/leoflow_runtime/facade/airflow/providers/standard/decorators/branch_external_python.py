"""The operator behind `@task.branch_external_python`."""

from __future__ import annotations

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.providers.standard.operators.python import BranchExternalPythonOperator
from airflow.sdk.bases.decorator import task_decorator_factory

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class _BranchExternalPythonDecoratedOperator(_PythonDecoratedOperator, BranchExternalPythonOperator):
    """Follows what the decorated function names, from an environment that is there."""

    template_fields = BranchExternalPythonOperator.template_fields
    custom_operator_name = "@task.branch_external_python"


def branch_external_python_task(
    python_callable: Any = None, multiple_outputs: bool | None = None, **kwargs: Any
) -> Any:
    """`@task.branch_external_python`."""
    return task_decorator_factory(
        python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=_BranchExternalPythonDecoratedOperator,
        decorator_name="task.branch_external_python",
        **kwargs,
    )

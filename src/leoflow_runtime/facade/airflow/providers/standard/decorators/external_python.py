"""The operator behind `@task.external_python`."""

from __future__ import annotations

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.providers.standard.operators.python import ExternalPythonOperator
from airflow.sdk.bases.decorator import task_decorator_factory

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class _PythonExternalDecoratedOperator(_PythonDecoratedOperator, ExternalPythonOperator):
    """Calls the decorated function in an environment that is there."""

    template_fields = ExternalPythonOperator.template_fields
    custom_operator_name = "@task.external_python"


def external_python_task(
    python_callable: Any = None, multiple_outputs: bool | None = None, **kwargs: Any
) -> Any:
    """`@task.external_python`."""
    return task_decorator_factory(
        python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=_PythonExternalDecoratedOperator,
        decorator_name="task.external_python",
        **kwargs,
    )

"""The operator behind `@task.stub`: a task that is written elsewhere. It does not run yet."""

from __future__ import annotations

from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
from airflow.sdk.definitions._internal.unsupported import refuse

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class _StubOperator(DecoratedOperator):
    """Stands for a task in another language."""

    custom_operator_name = "@task.stub"

    def execute(self, context: Any) -> Any:
        refuse("@task.stub")


def stub(
    python_callable: Any = None, queue: str | None = None, executor: str | None = None, **kwargs: Any
) -> Any:
    """`@task.stub`."""
    settings = {
        name: value for name, value in (("queue", queue), ("executor", executor)) if value is not None
    }
    return task_decorator_factory(
        python_callable,
        decorated_operator_class=_StubOperator,
        decorator_name="task.stub",
        **settings,
        **kwargs,
    )

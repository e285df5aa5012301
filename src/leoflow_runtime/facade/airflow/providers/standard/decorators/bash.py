"""The operator behind `@task.bash`."""

from __future__ import annotations

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
from airflow.sdk.definitions._internal.signature import keyword_arguments
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.definitions.context import context_merge

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class _BashDecoratedOperator(DecoratedOperator, BashOperator):
    """Runs the command that the decorated function returns."""

    template_fields = (*DecoratedOperator.template_fields, *BashOperator.template_fields)
    template_fields_renderers = {
        **DecoratedOperator.template_fields_renderers,
        **BashOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.bash"

    def __init__(
        self, *, python_callable: Any, op_args: Any = None, op_kwargs: Any = None, **kwargs: Any
    ) -> None:
        kwargs.pop("multiple_outputs", None)
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            bash_command=NOTSET,
            multiple_outputs=False,
            **kwargs,
        )

    def execute(self, context: Any) -> Any:
        """Raises TypeError where the function returns no command."""
        context_merge(context, self.op_kwargs)
        kwargs = keyword_arguments(self.python_callable, self.op_args, context)
        self.bash_command = self.python_callable(*self.op_args, **kwargs)
        if not isinstance(self.bash_command, str) or not self.bash_command.strip():
            raise TypeError("The returned value from the TaskFlow callable must be a non-empty string.")
        self.render_template_fields(context)
        return BashOperator.execute(self, context)


def bash_task(python_callable: Any = None, **kwargs: Any) -> Any:
    """`@task.bash`."""
    return task_decorator_factory(
        python_callable, decorated_operator_class=_BashDecoratedOperator, decorator_name="task.bash", **kwargs
    )

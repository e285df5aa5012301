"""Operators around Python functions."""

from __future__ import annotations

from airflow.sdk.bases.branch import BaseBranchOperator, BranchMixIn, SkipMixin
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.signature import keyword_arguments
from airflow.sdk.definitions.context import context_merge, get_current_context
from airflow.sdk.exceptions import AirflowException, DownstreamTasksSkipped

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

__all__ = [
    "BaseBranchOperator",
    "BranchMixIn",
    "BranchPythonOperator",
    "PythonOperator",
    "ShortCircuitOperator",
    "get_current_context",
]

_SHOWN = 4096
_GENERATOR = 0x20  # inspect.CO_GENERATOR; importing inspect would cost 10 ms
# In another interpreter; their module is loaded when one of them is asked for.
_APART = frozenset(
    {
        "BranchExternalPythonOperator",
        "BranchPythonVirtualenvOperator",
        "ExternalPythonOperator",
        "PythonVirtualenvOperator",
        "is_venv_installed",
    }
)


class PythonOperator(BaseOperator):
    """Calls a function with `op_args`, `op_kwargs` and what it asks of the context by name."""

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}
    ui_color = "#ffefeb"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: Sequence[str] | None = None,
        show_return_value_in_logs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise AirflowException("`python_callable` param must be callable")
        self.python_callable = python_callable
        self.op_args = op_args or ()
        self.op_kwargs = op_kwargs or {}
        self.templates_dict = templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    def execute(self, context: Any) -> Any:
        context_merge(context, self.op_kwargs, templates_dict=self.templates_dict)
        self.op_kwargs = self.determine_kwargs(context)
        result = self.execute_callable()
        if self.show_return_value_in_logs:
            shown = str(result)
            if len(shown) > _SHOWN:
                shown = f"{shown[:_SHOWN]}… ({len(shown)} characters in all)"
            self.log.info("Done. Returned value was: %s", shown)
        else:
            self.log.info("Done. Returned value not shown")
        return result

    def determine_kwargs(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """What of the context the function takes."""
        return keyword_arguments(self.python_callable, self.op_args, context)

    def execute_callable(self) -> Any:
        """The call itself; a coroutine is run to its end."""
        result = self.python_callable(*self.op_args, **self.op_kwargs)
        if hasattr(result, "cr_code") and hasattr(result, "send"):
            import asyncio

            return asyncio.run(result)
        code = getattr(self.python_callable, "__code__", None)
        if code is not None and code.co_flags & _GENERATOR:
            return self._told(result)
        return result

    def _told(self, words: Any) -> Any:
        """What a generator yields are updates of outlets; what it returns is the value."""
        from airflow.sdk.definitions.asset.metadata import Metadata

        outlets = get_current_context()["outlet_events"]
        while True:
            try:
                word = next(words)
            except StopIteration as end:
                return end.value
            if not isinstance(word, Metadata):
                self.log.warning("Ignoring unknown data of %r received from task", type(word))
                continue
            outlets[word.asset].extra.update(word.extra)
            if word.alias:
                outlets[word.alias].add(word.asset, extra=word.extra)


class BranchPythonOperator(BaseBranchOperator, PythonOperator):
    """Follows the tasks or groups that the function names; other direct downstream tasks are skipped."""

    def choose_branch(self, context: Any) -> Any:
        return PythonOperator.execute(self, context)


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Goes on when the function returns something true; otherwise what is downstream is skipped."""

    inherits_from_skipmixin = True

    def __init__(self, *, ignore_downstream_trigger_rules: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context: Any) -> Any:
        condition = super().execute(context)
        self.log.info("Condition result is %s", condition)
        if condition:
            self.log.info("Proceeding with downstream tasks...")
            return condition
        if not self.downstream_task_ids:
            self.log.info("No downstream tasks; nothing to do.")
            return condition
        self.log.info("Skipping downstream tasks")
        everything = self.ignore_downstream_trigger_rules
        tasks = self.get_flat_relatives() if everything else self.get_direct_relatives()
        try:
            self.skip(context["ti"], [task for task in tasks if not task.is_teardown])
        except DownstreamTasksSkipped as skipped:
            skipped.result = condition
            raise
        return condition


def __getattr__(name: str) -> Any:
    if name in _APART:
        from airflow.providers.standard.operators import _python_apart

        return getattr(_python_apart, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""`@task.run_if` and `@task.skip_if`: whether a task is skipped is asked right before it runs."""

from __future__ import annotations

from airflow.sdk.bases.decorator import _TaskDecorator
from airflow.sdk.exceptions import AirflowSkipException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def run_if(condition: Callable[[Any], Any], skip_message: str | None = None) -> Callable[[Any], Any]:
    """Skip the task unless `condition(context)`."""
    return _conditional(condition, skip_message, wanted=True)


def skip_if(condition: Callable[[Any], Any], skip_message: str | None = None) -> Callable[[Any], Any]:
    """Skip the task if `condition(context)`."""
    return _conditional(condition, skip_message, wanted=False)


def _conditional(
    condition: Callable[[Any], Any], skip_message: str | None, *, wanted: bool
) -> Callable[[Any], Any]:
    def decorate(task: Any) -> Any:
        if not isinstance(task, _TaskDecorator):
            raise TypeError("run_if and skip_if stand above @task")
        before = task.kwargs.get("pre_execute")

        def pre_execute(context: Any) -> None:
            if before is not None:
                before(context)
            if bool(condition(context)) is not wanted:
                raise AirflowSkipException(skip_message or "Task was skipped due to condition.")

        task.kwargs["pre_execute"] = pre_execute
        return task

    return decorate

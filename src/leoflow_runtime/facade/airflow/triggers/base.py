"""The bases of triggers, and what they tell."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class BaseTrigger:
    """Waits for something outside."""

    def __init__(self, **kwargs: Any) -> None:
        self.task_instance: Any = None
        self.trigger_id: Any = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path, and the arguments for another instance."""
        raise NotImplementedError

    @property
    def log(self) -> Any:
        import logging

        return logging.getLogger(f"airflow.task.triggers.{type(self).__module__}.{type(self).__qualname__}")

    def run(self) -> Any:
        """Yields events, asynchronously."""
        raise NotImplementedError

    async def cleanup(self) -> None:
        """Called when nobody waits any more."""


class BaseEventTrigger(BaseTrigger):
    """May watch an asset."""


class TriggerEvent:
    """What a trigger tells."""

    def __init__(self, payload: Any) -> None:
        self.payload = payload


class BaseTaskEndEvent(TriggerEvent):
    """Ends the task without going back to it; `xcoms` are its values then."""

    task_instance_state = ""

    def __init__(self, *, xcoms: dict[str, Any] | None = None) -> None:
        super().__init__(self.task_instance_state)
        self.xcoms = xcoms


class TaskSuccessEvent(BaseTaskEndEvent):
    """The task has succeeded."""

    task_instance_state = "success"


class TaskFailedEvent(BaseTaskEndEvent):
    """The task has failed."""

    task_instance_state = "failed"


class TaskSkippedEvent(BaseTaskEndEvent):
    """The task is skipped."""

    task_instance_state = "skipped"

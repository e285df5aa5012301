"""The bases of triggers. They can be constructed; nothing waits for them yet."""

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

    def run(self) -> Any:
        """Yields events, asynchronously."""
        raise NotImplementedError


class BaseEventTrigger(BaseTrigger):
    """May watch an asset."""


class TriggerEvent:
    """What a trigger tells."""

    def __init__(self, payload: Any) -> None:
        self.payload = payload

"""The base of a project's own weight rules. They are asked in the control plane, never here."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class PriorityWeightStrategy:
    """From a task instance to its weight. All instances of a class are equal."""

    def get_weight(self, ti: Any) -> int:
        raise NotImplementedError

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> PriorityWeightStrategy:
        return cls()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))

    def __hash__(self) -> int:
        return hash(type(self))

"""Things that a file declares and others read from `dag.json`: here they only keep their values."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class Declared:
    """Equal where class and values are."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *sorted(self.__dict__)))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({values})"


def keep(owner: Any, values: dict[str, Any]) -> None:
    """The named arguments of a constructor, from its `locals()`, as attributes."""
    owner.__dict__.update(
        {name: value for name, value in values.items() if name not in ("self", "kwargs", "__class__")}
    )

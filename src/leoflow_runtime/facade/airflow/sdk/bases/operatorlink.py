"""Links from a task to elsewhere."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class BaseOperatorLink:
    """A name, and where it leads for one try of a task; the UI does not show such links yet."""

    operators: list[type] = []

    @property
    def name(self) -> str:
        raise NotImplementedError

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        raise NotImplementedError

"""Waiting for files."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import keep
from airflow.triggers.base import BaseEventTrigger, BaseTrigger

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class FileTrigger(BaseTrigger):
    """Until there is such a file."""

    def __init__(
        self, filepath: str, recursive: bool = False, poke_interval: float = 5.0, **kwargs: Any
    ) -> None:
        super().__init__()
        keep(self, locals())


class FileDeleteTrigger(BaseEventTrigger):
    """Whenever there is such a file, which it deletes."""

    def __init__(self, filepath: str, poke_interval: float = 5.0, **kwargs: Any) -> None:
        super().__init__()
        keep(self, locals())

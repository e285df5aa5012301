"""Waiting for files."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import keep
from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

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

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("filepath", "recursive", "poke_interval")
        path = "airflow.providers.standard.triggers.file.FileTrigger"
        return path, {name: getattr(self, name) for name in names}

    async def run(self) -> Any:
        import asyncio

        from airflow.providers.standard.sensors.filesystem import is_there

        while not is_there(self.filepath, recursive=self.recursive):
            await asyncio.sleep(self.poke_interval)
        yield TriggerEvent(True)


class FileDeleteTrigger(BaseEventTrigger):
    """Whenever there is such a file, which it deletes."""

    def __init__(self, filepath: str, poke_interval: float = 5.0, **kwargs: Any) -> None:
        super().__init__()
        keep(self, locals())

"""What every log store promises. The content is NDJSON, but no line is ever parsed here.

A log grows only at the offset that was acknowledged last, so a repeated or overlapping append changes
nothing. Acknowledged bytes survive a killed server; those of a `final` append also a power failure. Replicas
may share a store: what one has acknowledged, every other reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

MAX_READ = 1 << 20
_PLAIN = re.compile(r"[A-Za-z0-9_+=@-][A-Za-z0-9_.+:=@~-]{0,199}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogKey:
    """Whose log: one launch."""

    tenant_id: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    launch_id: int


class LogGap(Exception):
    """An append beyond the end: `durable_offset` says where to go on."""

    def __init__(self, durable_offset: int, offset: int) -> None:
        self.durable_offset = durable_offset
        self.offset = offset
        super().__init__(f"the log ends at byte {durable_offset}, an append at {offset} would leave a gap")


class LogStore(Protocol):
    """Two implementations pass one suite (`tests/server/logs_conformance.py`)."""

    async def append(self, key: LogKey, offset: int, data: bytes, *, final: bool = False) -> int:
        """Adds what is new of `data` and returns the durable offset.

        Raises LogGap where `offset` lies beyond the end, OSError where the store refuses.
        """

    async def read(self, key: LogKey, offset: int = 0, limit: int = MAX_READ) -> bytes:
        """At most `limit` bytes from `offset`; empty at the end and where there is no log."""

    async def size(self, key: LogKey) -> int:
        """How far the log reaches; 0 where there is none."""

    async def close_log(self, key: LogKey) -> None:
        """The launch has ended, however: no more will come."""

    async def delete_log(self, key: LogKey) -> None:
        """Removes the log of one launch; nothing where there is none."""

    async def delete_task(
        self, tenant_id: int, *, dag_id: str, run_id: str, task_id: str, map_index: int
    ) -> None:
        """Removes the logs of all tries of a task instance; nothing where there are none."""

    async def delete_run(self, tenant_id: int, dag_id: str, run_id: str) -> None:
        """Removes all logs of a run; nothing where there are none."""

    async def delete_dag(self, tenant_id: int, dag_id: str) -> None:
        """Removes all logs of a DAG; nothing where there are none."""

    def close(self) -> None:
        """Lets go of everything. Blocks."""


def parts_of(key: LogKey) -> tuple[str, ...]:
    """The folders of a launch's log, and its name without an ending."""
    return (*task_parts(key), str(key.launch_id))


def task_parts(key: LogKey) -> tuple[str, ...]:
    return (
        str(key.tenant_id),
        path_part(key.dag_id),
        path_part(key.run_id),
        path_part(key.task_id),
        str(key.map_index),
    )


def path_part(name: str) -> str:
    """A path part that is unlike any other name's, whatever characters `name` has."""
    if _PLAIN.fullmatch(name):
        return name
    safe = re.sub(r"[^A-Za-z0-9_+=@-]", "_", name)[:100]
    return f"{safe}.{sha256(name.encode()).hexdigest()[:16]}~"

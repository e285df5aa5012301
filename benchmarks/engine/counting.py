"""What counts on a busy machine too: ways to the database and back, and the CPU time of its server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil

from leoflow_server.store.cursors import PostgreSqlCursor
from leoflow_server.store.writer import Writer


class RoundTrips:
    """Of all writers, from when it was made: `total` ways there and back in `transactions`."""

    def __init__(self) -> None:
        self.total = self.transactions = 0
        checked, write = PostgreSqlCursor._checked, Writer._write

        def counted(cursor: PostgreSqlCursor, result: Any) -> Any:
            self.total += 1
            return checked(cursor, result)

        def committed(writer: Writer, *arguments: Any) -> None:
            write(writer, *arguments)
            self.transactions += 1
            self.total += 2  # BEGIN and COMMIT

        PostgreSqlCursor._checked = counted  # type: ignore[method-assign]
        Writer._write = committed  # type: ignore[method-assign]


def cpu_seconds_of(server: int) -> Callable[[], float]:
    """Of a server with all processes that it has now: a backend that ends takes its time with it."""

    def used() -> float:
        parent = psutil.Process(server)
        return sum(_used(process) for process in [parent, *parent.children()])

    return used


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system

"""What a long command is at, on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_STEPS = {
    "base": "reading the base image",
    "install": "installing packages",
    "bytecode": "compiling packages",
    "pack": "packing packages",
    "agent": "packing the agent",
    "code": "packing code",
    "push": "pushing",
    "cache": "keeping layers for other machines",
    "documents": "attaching SBOM and provenance",
    "sign": "signing",
    "artifact": "pushing dag.json",
    "register": "registering",
}


class Progressing:
    """One line on standard error: the step, and bytes while some are sent. Use as a context manager."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._sent: dict[str, tuple[int, int]] = {}
        self._lock = Lock()  # several uploads tell of themselves

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def pause(self) -> None:
        """Takes the line away, for good or until the next step."""
        if self._progress is not None:
            if self._task is not None:
                self._progress.remove_task(self._task)
                self._task = None
            self._progress.stop()

    def step(self, name: str) -> None:
        if self._progress is None:
            return
        self._progress.start()
        if self._task is None:
            self._task = self._progress.add_task("", total=None)
        self._progress.update(self._task, description=_STEPS.get(name, name), total=None, completed=0)
        self._sent.clear()

    def sent(self, digest: str, sent: int, size: int) -> None:
        """An upload has come so far."""
        if self._progress is None or self._task is None:
            return
        with self._lock:
            self._sent[digest] = (sent, size)
            done, whole = (sum(column) for column in zip(*self._sent.values(), strict=True))
        self._progress.update(self._task, completed=done, total=whole)

"""A task's output: records as JSON lines on descriptor 1, each marked by 0x1e.

Raw bytes of sub-processes go to the same descriptors; who reads the spool tells them apart by the mark.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterable, Optional

from leoflow_runtime.child import failures

MARK = b"\x1e"
# A line that never ends is given out in pieces.
_LONGEST = 64 * 1024

_to_json = json.JSONEncoder(default=str).encode
Record = Callable[[str, str, str, Optional[Dict[str, Any]]], None]


def rfc3339(seconds: float) -> str:
    """A Unix time as `2026-01-02T03:04:05.678901Z`."""
    whole = int(seconds)
    micros = int((seconds - whole) * 1_000_000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ" % (*time.gmtime(whole)[:6], micros)


class Recorder:
    """Writes records to a descriptor, each with as few writes as the system allows."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.RLock()

    def record(
        self,
        level: str,
        logger: str,
        event: str,
        more: Optional[Dict[str, Any]] = None,
        seconds: Optional[float] = None,
    ) -> None:
        """One line. `more` are further keys; `seconds` is when it happened, if not now."""
        fields = {
            "timestamp": rfc3339(time.time() if seconds is None else seconds),
            "level": level,
            "logger": logger,
            "event": event,
        }
        if more:
            fields.update(more)
        data = MARK + _to_json(fields).encode("ascii") + b"\n"
        with self._lock:
            while data:
                data = data[os.write(self._descriptor, data) :]


class LineStream(io.TextIOBase):
    """A text stream whose lines become records; what has no newline yet waits for it."""

    def __init__(self, recorder: Recorder, level: str, logger: str, descriptor: int) -> None:
        self._recorder = recorder
        self._level = level
        self._logger = logger
        self._descriptor = descriptor
        self._pending = ""
        self._lock = threading.RLock()
        self.buffer = _ByteSide(self)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            if "\n" not in text and len(self._pending) + len(text) < _LONGEST:
                self._pending += text
                return len(text)
            *lines, rest = (self._pending + text).split("\n")
            self._pending = ""
            for line in lines:
                self._give(line)
            while len(rest) >= _LONGEST:
                self._give(rest[:_LONGEST])
                rest = rest[_LONGEST:]
            self._pending = rest
        return len(text)

    def _give(self, line: str) -> None:
        line = line.rstrip("\r")
        # A progress bar rewrites its line: its last state is the line.
        self._recorder.record(self._level, self._logger, line.rpartition("\r")[2])

    def finish(self) -> None:
        """Give out a last line without a newline."""
        with self._lock:
            pending, self._pending = self._pending, ""
        if pending:
            self._give(pending)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Whole lines are out already."""

    def fileno(self) -> int:
        """The real descriptor, for sub-processes."""
        return self._descriptor

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        """Stays open: a library that closes it must not silence the rest of the task."""
        self.finish()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"


class _ByteSide(io.RawIOBase):
    """`sys.stdout.buffer`: bytes, read as UTF-8."""

    def __init__(self, stream: LineStream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._stream.write(content.decode("utf-8", "backslashreplace"))
        return len(content)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        """Stays open, as its stream."""


class RecordHandler(logging.Handler):
    """Python logging as records."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def emit(self, record: logging.LogRecord) -> None:
        try:
            more: Dict[str, Any] = {}
            if record.exc_info and record.exc_info[1] is not None:
                more["error_detail"] = failures.error_detail(record.exc_info[1])
            if record.stack_info:
                more["stack_info"] = record.stack_info
            level = record.levelname.lower()
            self._recorder.record(level, record.name, record.getMessage(), more, record.created)
        except Exception:
            # A bad call of a logger must not fail the task; logging has its own way to tell.
            self.handleError(record)


class Output:
    """Replaces this process's streams and its root logger's handlers."""

    def __init__(self, descriptor: int = 1) -> None:
        self.recorder = Recorder(descriptor)
        self.stdout = LineStream(self.recorder, "info", "task.stdout", 1)
        self.stderr = LineStream(self.recorder, "error", "task.stderr", 2)

    def install(self) -> None:
        """From here on everything printed or logged becomes a record."""
        sys.stdout = self.stdout
        sys.stderr = self.stderr
        root = logging.getLogger()
        # Handlers that the DAG's file installed hold the zygote's streams.
        root.handlers[:] = [RecordHandler(self.recorder)]
        if root.level in (logging.NOTSET, logging.WARNING):
            root.setLevel(logging.INFO)
        logging.captureWarnings(True)

    def finish(self) -> None:
        """Give out what has no newline yet."""
        self.stdout.finish()
        self.stderr.finish()

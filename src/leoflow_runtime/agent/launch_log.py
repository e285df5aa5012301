"""A launch's log in the spool: converted lines in `log`, and how far they go in `log.position`.

The lines are kept as they are shipped, byte for byte, so that an agent that takes over goes on at the
offset that the control plane has made durable.
"""

from __future__ import annotations

import os
from pathlib import Path

from leoflow_runtime.agent.log_lines import LineConverter, own_line

BATCH_LIMIT = 256 * 1024
# What one look at the output takes: enough for megabytes a second, little enough to be fair to others.
_READ_LIMIT = 256 * 1024
# Three numbers of 20 digits: the log's first offset, bytes in `log`, bytes of `output` that they cover.
_POSITION_LENGTH = 63


class LaunchLog:
    """Offsets are those of the control plane; `base` is the offset of the first byte of `log`."""

    def __init__(self, directory: Path, converter: LineConverter) -> None:
        self._directory = directory
        self._converter = converter
        self._output: int | None = None
        # Both None: what there is lies in memory until `keep`.
        self._log: int | None = None
        self._position: int | None = None
        self._memory = bytearray()
        self._base = self._size = self._converted = 0
        if os.path.exists(directory / "log.position"):
            self._take_up()
        self._read = self._converted

    def _take_up(self) -> None:
        """Goes on with what an earlier agent kept."""
        log, position = self._open_files()
        numbers = os.pread(position, _POSITION_LENGTH, 0).split()
        if len(numbers) == 3:
            self._base, self._size, self._converted = map(int, numbers)
        # Only when there is something to cut: a file that was ever truncated to nothing is flushed to disk
        # when it is closed (ext4), which would cost each launch milliseconds.
        if os.fstat(log).st_size > self._size:
            os.ftruncate(log, self._size)

    def _open_files(self) -> tuple[int, int]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._log = os.open(self._directory / "log", flags, 0o600)
        self._position = os.open(self._directory / "log.position", flags, 0o600)
        return self._log, self._position

    def keep(self) -> None:
        """Puts it into files, for an agent that takes over; what is over in a moment needs none."""
        if self._log is None:
            log, _ = self._open_files()
            os.pwrite(log, self._memory, 0)
            self._memory.clear()
            self._note_position()

    @property
    def end(self) -> int:
        return self._base + self._size

    def align(self, durable: int) -> None:
        """Makes sure that `durable` lies within what is held; otherwise goes on there, marking the gap."""
        if self._base <= durable <= self.end:
            return
        self._base, self._size = durable, 0
        if self._log is None:
            self._memory.clear()
        else:
            os.ftruncate(self._log, 0)
        self.append(own_line("A part of the log was lost here.", level="warning"))

    def append(self, lines: bytes) -> None:
        """Adds whole lines."""
        if self._log is None:
            self._memory += lines
        elif lines:
            os.pwrite(self._log, lines, self._size)
        self._size += len(lines)
        self._converted = self._read - self._converter.held
        if self._log is not None:
            self._note_position()
        elif self._size > BATCH_LIMIT:
            self.keep()

    def _note_position(self) -> None:
        assert self._position is not None
        numbers = f"{self._base:020d} {self._size:020d} {self._converted:020d}\n"
        os.pwrite(self._position, numbers.encode(), 0)

    def take_output(self, *, final: bool = False) -> bool:
        """Converts some of what the task has written since; says whether there may be more.

        With `final`, an open last line is taken as a whole one, once there is nothing behind it.
        """
        if self._output is None:
            try:
                self._output = os.open(self._directory / "output", os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
        data = os.pread(self._output, _READ_LIMIT, self._read)
        if data:
            self._read += len(data)
            self.append(self._converter.feed(data))
        elif final and self._converter.held:
            self.append(self._converter.finish())
        return bool(data)

    def batch(self, offset: int) -> bytes:
        """Whole lines from `offset` on: as many as `BATCH_LIMIT` allows, at least one."""
        if self._log is None:
            return bytes(self._memory[offset - self._base :])
        limit = BATCH_LIMIT
        while True:
            data = os.pread(self._log, limit, offset - self._base)
            if len(data) < limit:
                return data
            newline = data.rfind(b"\n")
            if newline >= 0:
                return data[: newline + 1]
            limit *= 2

    def close(self) -> None:
        for descriptor in (self._log, self._position, self._output):
            if descriptor is not None:
                os.close(descriptor)
        self._output = None

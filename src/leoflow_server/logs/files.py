"""Log bytes on this machine's disk. The content is NDJSON, but no line is ever parsed here.

A launch's log is `<root>/<tenant>/<dag>/<run>/<task>/<map index>/<launch>.ndjson`. It grows only at the
offset that was acknowledged last, so a repeated or overlapping append changes nothing. An append is
acknowledged once the operating system has the bytes (a killed server loses nothing); `final` ones are
synced to the disk first, so that a finished launch's log also survives a power failure.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Args = TypeVarTuple("Args")

MAX_READ = 1 << 20
_OPEN_FILES = 128
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


class LogStore:
    """Appends, reads and follows the logs below one folder. File work runs on a thread of its own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="logs")
        self._open: OrderedDict[LogKey, int] = OrderedDict()  # key -> file descriptor, the thread's alone
        self._sizes: dict[LogKey, int] = {}
        self._final: OrderedDict[LogKey, None] = OrderedDict()
        self._waiting: dict[LogKey, set[asyncio.Future[None]]] = {}

    async def append(self, key: LogKey, offset: int, data: bytes, *, final: bool = False) -> int:
        """Adds what is new of `data` and returns the durable offset.

        Raises LogGap where `offset` lies beyond the end, OSError where the disk refuses.
        """
        size = await self._run(self._append, key, offset, data, final)
        if final:
            self._final[key] = None
            if len(self._final) > 4096:
                self._final.popitem(last=False)
        self._wake(key)
        return size

    async def read(self, key: LogKey, offset: int = 0, limit: int = MAX_READ) -> bytes:
        """At most `limit` bytes from `offset`; empty at the end and where there is no log."""
        return await self._run(self._read, key, offset, limit)

    async def size(self, key: LogKey) -> int:
        """How far the log reaches; 0 where there is none."""
        return await self._run(self._size, key)

    def is_final(self, key: LogKey) -> bool:
        """The agent has said that no more will come. False after a restart of the server: ask the launch."""
        return key in self._final

    async def wait_for_more(self, key: LogKey, offset: int, timeout: float) -> bool:
        """Waits until the log is longer than `offset` or final; False after `timeout` seconds."""
        signal = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, set())
        waiting.add(signal)
        try:
            if await self.size(key) > offset or self.is_final(key):
                return True
            async with asyncio.timeout(timeout):
                await signal
            return True
        except TimeoutError:
            return False
        finally:
            waiting.discard(signal)
            if not waiting:
                self._waiting.pop(key, None)

    async def close_log(self, key: LogKey) -> None:
        """The launch has ended, however: those who follow are told, the file is let go."""
        if key in self._final:
            return
        self._final[key] = None
        await self._run(self._let_go, key)
        self._wake(key)

    async def delete_log(self, key: LogKey) -> None:
        """Removes the log of one launch, and the folders that this leaves empty."""
        await self._run(self._delete_file, key)

    async def delete_run(self, tenant_id: int, dag_id: str, run_id: str) -> None:
        """Removes all logs of a run; nothing where there are none."""
        await self._run(self._delete, self._root / str(tenant_id) / _part(dag_id) / _part(run_id))

    async def delete_task(
        self, tenant_id: int, *, dag_id: str, run_id: str, task_id: str, map_index: int
    ) -> None:
        """Removes the logs of all tries of a task instance; nothing where there are none."""
        run = self._root / str(tenant_id) / _part(dag_id) / _part(run_id)
        await self._run(self._delete, run / _part(task_id) / str(map_index))

    async def delete_dag(self, tenant_id: int, dag_id: str) -> None:
        await self._run(self._delete, self._root / str(tenant_id) / _part(dag_id))

    def close(self) -> None:
        """Closes every file. Blocks."""
        self._thread.submit(self._close_files).result()
        self._thread.shutdown(wait=True)

    def path(self, key: LogKey) -> Path:
        return self._root.joinpath(
            str(key.tenant_id),
            _part(key.dag_id),
            _part(key.run_id),
            _part(key.task_id),
            str(key.map_index),
            f"{key.launch_id}.ndjson",
        )

    def _wake(self, key: LogKey) -> None:
        for signal in self._waiting.get(key, ()):
            if not signal.done():
                signal.set_result(None)

    async def _run(self, work: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    # On the thread:

    def _append(self, key: LogKey, offset: int, data: bytes, final: bool) -> int:
        descriptor = self._descriptor(key)
        size = self._sizes[key]
        if offset > size:
            raise LogGap(size, offset)
        fresh = memoryview(data)[size - offset :]
        while fresh:
            written = os.write(descriptor, fresh)
            size += written
            self._sizes[key] = size
            fresh = fresh[written:]
        if final:
            os.fsync(descriptor)
            self._let_go(key)
        return size

    def _descriptor(self, key: LogKey) -> int:
        descriptor = self._open.get(key)
        if descriptor is None:
            path = self.path(key)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._open[key] = descriptor
            self._sizes[key] = os.fstat(descriptor).st_size
            if len(self._open) > _OPEN_FILES:
                self._let_go(next(iter(self._open)))
        self._open.move_to_end(key)
        return descriptor

    def _let_go(self, key: LogKey) -> None:
        descriptor = self._open.pop(key, None)
        self._sizes.pop(key, None)
        if descriptor is not None:
            os.close(descriptor)

    def _read(self, key: LogKey, offset: int, limit: int) -> bytes:
        try:
            with self.path(key).open("rb") as file:
                file.seek(offset)
                return file.read(limit)
        except FileNotFoundError:
            return b""

    def _size(self, key: LogKey) -> int:
        known = self._sizes.get(key)
        if known is not None:
            return known
        try:
            return self.path(key).stat().st_size
        except FileNotFoundError:
            return 0

    def _delete(self, folder: Path) -> None:
        for key in [key for key in self._open if self.path(key).is_relative_to(folder)]:
            self._let_go(key)
        if folder.exists():
            shutil.rmtree(folder)

    def _delete_file(self, key: LogKey) -> None:
        self._let_go(key)
        path = self.path(key)
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self._root or not folder.exists() or any(folder.iterdir()):
                break
            folder.rmdir()

    def _close_files(self) -> None:
        for key in list(self._open):
            self._let_go(key)


def _part(name: str) -> str:
    """A path part that is unlike any other name's, whatever characters `name` has."""
    if _PLAIN.fullmatch(name):
        return name
    safe = re.sub(r"[^A-Za-z0-9_+=@-]", "_", name)[:100]
    return f"{safe}.{sha256(name.encode()).hexdigest()[:16]}~"

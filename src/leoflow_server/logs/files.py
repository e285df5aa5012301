"""Logs on a disk: one append-only file per launch.

A launch's log is `<root>/<tenant>/<dag>/<run>/<task>/<map index>/<launch>.ndjson`. An append is acknowledged
once the operating system has the bytes; `final` ones are synced to the disk first.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

from leoflow_server.logs.store import MAX_READ, LogGap, LogKey, parts_of, path_part

T = TypeVar("T")
Args = TypeVarTuple("Args")

_OPEN_FILES = 128
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class FileLogs:
    """`LogStore` below one folder, of this machine or shared. File work runs on a thread of its own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="logs")
        self._open: OrderedDict[LogKey, int] = OrderedDict()  # key -> file descriptor, the thread's alone

    async def append(self, key: LogKey, offset: int, data: bytes, *, final: bool = False) -> int:
        return await self._run(self._append, key, offset, data, final)

    async def read(self, key: LogKey, offset: int = 0, limit: int = MAX_READ) -> bytes:
        return await self._run(self._read, key, offset, limit)

    async def size(self, key: LogKey) -> int:
        return await self._run(self._size, key)

    async def close_log(self, key: LogKey) -> None:
        await self._run(self._let_go, key)

    async def delete_log(self, key: LogKey) -> None:
        """With the folders that this leaves empty."""
        await self._run(self._delete_file, key)

    async def delete_task(
        self, tenant_id: int, *, dag_id: str, run_id: str, task_id: str, map_index: int
    ) -> None:
        run = self._root / str(tenant_id) / path_part(dag_id) / path_part(run_id)
        await self._run(self._delete, run / path_part(task_id) / str(map_index))

    async def delete_run(self, tenant_id: int, dag_id: str, run_id: str) -> None:
        await self._run(self._delete, self._root / str(tenant_id) / path_part(dag_id) / path_part(run_id))

    async def delete_dag(self, tenant_id: int, dag_id: str) -> None:
        await self._run(self._delete, self._root / str(tenant_id) / path_part(dag_id))

    def close(self) -> None:
        """Closes every file. Blocks."""
        self._thread.submit(self._close_files).result()
        self._thread.shutdown(wait=True)

    def path(self, key: LogKey) -> Path:
        *folders, name = parts_of(key)
        return self._root.joinpath(*folders, f"{name}.ndjson")

    async def _run(self, work: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    # On the thread:

    def _append(self, key: LogKey, offset: int, data: bytes, final: bool) -> int:
        descriptor = self._descriptor(key)
        # Asked each time: another replica may have written to a shared folder.
        size = os.fstat(descriptor).st_size
        if offset > size:
            raise LogGap(size, offset)
        fresh = memoryview(data)[size - offset :]
        while fresh:
            written = os.write(descriptor, fresh)
            size += written
            fresh = fresh[written:]
        if final:
            os.fsync(descriptor)
            self._let_go(key)
        return size

    def _descriptor(self, key: LogKey) -> int:
        descriptor = self._open.get(key)
        if descriptor is None:
            path = os.path.join(self._root, *parts_of(key)) + ".ndjson"
            try:
                descriptor = os.open(path, _APPENDING, 0o600)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True, mode=0o700)
                descriptor = os.open(path, _APPENDING, 0o600)
            self._open[key] = descriptor
            if len(self._open) > _OPEN_FILES:
                self._let_go(next(iter(self._open)))
        self._open.move_to_end(key)
        return descriptor

    def _let_go(self, key: LogKey) -> None:
        descriptor = self._open.pop(key, None)
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

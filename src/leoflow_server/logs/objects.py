"""Logs in an object store: S3 and what speaks like it, Google Cloud Storage, Azure, a folder.

Objects cannot grow, so each append is one: `<launch>/<offset, 16 digits>.ndjson`. When a launch has ended,
they are joined into the one that begins at 0; those that it covers are removed after it is there, so that a
crash in between leaves bytes twice and never too few. Two replicas that are sent the same append write the
same object.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from leoflow_server.logs.store import MAX_READ, LogGap, LogKey, parts_of, path_part

_KNOWN_ENDS = 4096
_LONGEST_JOINED = 64 << 20


class LogsUnavailable(Exception):
    """An object store that cannot be used; the text is one sentence with what to do."""


class _Part(NamedTuple):
    offset: int
    size: int
    path: str

    @property
    def end(self) -> int:
        return self.offset + self.size


class ObjectLogs:
    """`LogStore` below a URL such as `s3://bucket/leoflow/logs`.

    Region, endpoint and credentials come from the environment, under the names that each cloud's own
    tools use (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …), or from `options`, named as obstore names them.
    """

    def __init__(self, url: str, **options: Any) -> None:
        """Raises LogsUnavailable."""
        self._url = url
        self._store = _open(url, options)
        self._ends: OrderedDict[LogKey, int] = OrderedDict()  # as far as this replica has seen
        self._turns: dict[LogKey, asyncio.Lock] = {}

    async def check(self) -> None:
        """Writes one object and removes it: better at the start than in the night. Raises LogsUnavailable."""
        try:
            await self._store.put_async(".leoflow", b"writable")
            await self._store.delete_async(".leoflow")
        except Exception as error:
            raise LogsUnavailable(f"logs cannot be written at {self._url}: {_reason(error)}") from error

    async def append(self, key: LogKey, offset: int, data: bytes, *, final: bool = False) -> int:
        async with self._turn(key):
            end = self._ends.get(key)
            if end is None or offset != end:
                # Not the next bytes of a log that this replica wrote: look what others have written.
                end = _end(await self._parts(key))
            if offset > end:
                raise LogGap(end, offset)
            fresh = data[end - offset :]
            if fresh:
                await self._put(f"{_folder(key)}/{end:016}.ndjson", fresh)
                end += len(fresh)
            self._ends[key] = end
            if len(self._ends) > _KNOWN_ENDS:
                self._ends.popitem(last=False)
            return end

    async def read(self, key: LogKey, offset: int = 0, limit: int = MAX_READ) -> bytes:
        found = bytearray()
        for part in await self._parts(key):
            at = offset + len(found)
            if part.end <= at:
                continue
            if part.offset > at or len(found) >= limit:
                break
            start = at - part.offset
            stop = min(part.size, start + limit - len(found))
            try:
                found += await self._bytes(part, start, stop)
            except FileNotFoundError:
                # Joined since the list was made: look again from here.
                return bytes(found) + await self.read(key, at, limit - len(found))
        return bytes(found)

    async def size(self, key: LogKey) -> int:
        return _end(await self._parts(key))

    async def close_log(self, key: LogKey) -> None:
        """Joins its objects. Where that fails half-way, they read just as well."""
        async with self._turn(key):
            self._ends.pop(key, None)
            parts = await self._parts(key)
            end = _end(parts)
            if len(parts) < 2 or end > _LONGEST_JOINED:
                return
            whole = await self.read(key, 0, end)
            if len(whole) == end:
                await self._put(parts[0].path, whole)
                await self._store.delete_async([part.path for part in parts[1:] if part.end <= end])

    async def delete_log(self, key: LogKey) -> None:
        await self._delete(*parts_of(key))

    async def delete_task(
        self, tenant_id: int, *, dag_id: str, run_id: str, task_id: str, map_index: int
    ) -> None:
        run = (str(tenant_id), path_part(dag_id), path_part(run_id))
        await self._delete(*run, path_part(task_id), str(map_index))

    async def delete_run(self, tenant_id: int, dag_id: str, run_id: str) -> None:
        await self._delete(str(tenant_id), path_part(dag_id), path_part(run_id))

    async def delete_dag(self, tenant_id: int, dag_id: str) -> None:
        await self._delete(str(tenant_id), path_part(dag_id))

    def close(self) -> None:
        """Nothing is held."""

    @asynccontextmanager
    async def _turn(self, key: LogKey) -> AsyncIterator[None]:
        """One at a time for each log."""
        turn = self._turns.setdefault(key, asyncio.Lock())
        try:
            async with turn:
                yield
        finally:
            if not turn.locked():
                self._turns.pop(key, None)

    async def _put(self, path: str, data: bytes) -> None:
        try:
            await self._store.put_async(path, data)
        except OSError:
            raise
        except Exception as error:
            raise OSError(_reason(error)) from error

    async def _bytes(self, part: _Part, start: int, stop: int) -> bytes:
        if stop - start < part.size:
            try:
                return bytes(await self._store.get_range_async(part.path, start=start, end=stop))
            except Exception as error:
                # Some servers answer a range without saying that it is one: then the whole is read.
                if "non-partial" not in str(error):
                    raise
        answer = await self._store.get_async(part.path)
        return bytes(await answer.bytes_async())[start:stop]

    async def _parts(self, key: LogKey) -> list[_Part]:
        """In order. The store is asked, not a memory of it: another replica may have written."""
        parts = []
        async for objects in self._store.list(_folder(key)):
            for entry in objects:
                name = entry["path"].rpartition("/")[2].removesuffix(".ndjson")
                if name.isdigit():
                    parts.append(_Part(int(name), entry["size"], entry["path"]))
        return sorted(parts)

    async def _delete(self, *parts: str) -> None:
        folder = "/".join(parts)
        for key in [key for key in self._ends if f"{_folder(key)}/".startswith(f"{folder}/")]:
            del self._ends[key]
        async for objects in self._store.list(folder):
            await self._store.delete_async([entry["path"] for entry in objects])


def _folder(key: LogKey) -> str:
    return "/".join(parts_of(key))


def _end(parts: list[_Part]) -> int:
    """How far the bytes reach without a gap."""
    end = 0
    for part in parts:
        if part.offset > end:
            break
        end = max(end, part.end)
    return end


def _open(url: str, options: dict[str, Any]) -> Any:
    try:
        from obstore.store import from_url
    except ImportError as error:
        raise LogsUnavailable("logs in an object store need a package: install `leoflow[pro]`") from error
    try:
        return from_url(url, **options)
    except Exception as error:
        raise LogsUnavailable(f"`{url}` is no place for logs: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

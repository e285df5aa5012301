"""Where the bytes of XComs are: in the database, or in Redis with a reference in the database.

The row in the database is written in the transaction of the task's final state either way. It says which
values there are; Redis only holds their bytes, under the launch that left them. A value that Redis has lost
(flushed, evicted, older than its time) is gone, and whoever asks for it is told so: the weaker promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

# No JSON begins so.
_REFERENCE = b"\x00redis:"


class XComGone(Exception):
    """A value that was left and is not in Redis any more; the text is one sentence."""


class XComStoreAway(OSError):
    """Redis does not answer; the text is one sentence. Trying again later helps."""


class XComStoreInvalid(Exception):
    """The Redis of the settings cannot be used; the text is one sentence without its password."""


class XComValues(Protocol):
    async def keep(self, launch_id: int, values: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Takes the values of a launch that has ended, by key; returns what the database is to hold."""

    def fetch(self, held: Sequence[bytes | None]) -> list[bytes | None]:
        """The values behind what the database holds. Blocks; on a reader's thread. Raises XComGone."""


class DatabaseValues:
    """All of it is in the database."""

    async def keep(self, launch_id: int, values: Mapping[str, bytes]) -> Mapping[str, bytes]:
        return values

    def fetch(self, held: Sequence[bytes | None]) -> list[bytes | None]:
        return list(held)


class RedisValues:
    """`seconds`: how long a value is kept. Values that are in the database already stay readable."""

    def __init__(self, url: str, *, seconds: float) -> None:
        """Raises XComStoreInvalid."""
        try:
            import redis
            import redis.asyncio
        except ImportError as error:
            raise XComStoreInvalid("XComs in Redis need a package: install `leoflow[pro]`") from error
        self._errors = (redis.RedisError, OSError)
        place = urlsplit(url)
        self._shown = f"{place.scheme}://{place.hostname}{f':{place.port}' if place.port else ''}"
        self._milliseconds = max(1, int(seconds * 1000))
        try:
            self._writing: Any = redis.asyncio.Redis.from_url(url)
            self._reading: Any = redis.Redis.from_url(url)
        except ValueError as error:
            raise XComStoreInvalid(f"xcom_url must be redis://host:port/number, not {self._shown}") from error

    def check(self) -> None:
        """Blocks. Raises XComStoreInvalid where nobody answers."""
        try:
            self._reading.ping()
        except self._errors as error:
            raise XComStoreInvalid(f"Redis at {self._shown} does not answer: {error}") from error

    async def keep(self, launch_id: int, values: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Raises XComStoreAway: the agent keeps its report and sends it again."""
        if not values:
            return values
        names = {key: f"leoflow:xcom:{launch_id}:{key}" for key in values}
        try:
            async with self._writing.pipeline(transaction=False) as pipeline:
                for key, value in values.items():
                    pipeline.set(names[key], value, px=self._milliseconds)
                await pipeline.execute()
        except self._errors as error:
            raise XComStoreAway(f"Redis at {self._shown} does not take values: {error}") from error
        return {key: _REFERENCE + name.encode() for key, name in names.items()}

    def fetch(self, held: Sequence[bytes | None]) -> list[bytes | None]:
        names = [value[len(_REFERENCE) :] for value in held if value is not None and _is_reference(value)]
        if not names:
            return list(held)
        try:
            found = dict(zip(names, self._reading.mget(names), strict=True))
        except self._errors as error:
            raise XComStoreAway(f"Redis at {self._shown} does not answer: {error}") from error
        return [
            self._found(found, value) if value is not None and _is_reference(value) else value
            for value in held
        ]

    @staticmethod
    def _found(found: Mapping[bytes, bytes | None], held: bytes) -> bytes:
        name = held[len(_REFERENCE) :]
        value = found[name]
        if value is None:
            launch, _, key = name.decode().removeprefix("leoflow:xcom:").partition(":")
            raise XComGone(f"the value `{key}` that launch {launch} left is not in Redis any more")
        return value


def _is_reference(value: bytes) -> bool:
    return value.startswith(_REFERENCE)

"""Paths to files elsewhere: they can be named and joined, not read yet."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import Declared
from airflow.sdk.definitions._internal.unsupported import refuse

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class ObjectStoragePath(Declared):
    """A URL, joined with `/`; what would open it is refused."""

    def __init__(self, *parts: Any, conn_id: str | None = None, **options: Any) -> None:
        if not parts:
            raise TypeError("ObjectStoragePath() needs a path")
        first, *others = (str(part) for part in parts)
        self._url = "/".join([first.rstrip("/"), *(part.strip("/") for part in others)]) if others else first
        self._conn_id = conn_id
        self._options = options

    @property
    def conn_id(self) -> str | None:
        return self._conn_id

    @property
    def protocol(self) -> str:
        return self._url.partition("://")[0] if "://" in self._url else "file"

    @property
    def path(self) -> str:
        return self._url.partition("://")[2] or self._url

    @property
    def name(self) -> str:
        return self._url.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> ObjectStoragePath:
        return self._with(self._url.rstrip("/").rpartition("/")[0])

    def joinpath(self, *parts: Any) -> ObjectStoragePath:
        return self._with(self._url, *parts)

    def __truediv__(self, part: Any) -> ObjectStoragePath:
        return self._with(self._url, part)

    def _with(self, *parts: Any) -> ObjectStoragePath:
        return ObjectStoragePath(*parts, conn_id=self._conn_id, **self._options)

    def __str__(self) -> str:
        return self._url

    __fspath__ = __str__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse(f"ObjectStoragePath.{name}")

"""Query parameters, read by name; everything wrong is a 422 in FastAPI's shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel
from starlette.datastructures import QueryParams

from leoflow_server.api.errors import Unprocessable

DEFAULT_LIMIT = 50
GREATEST_LIMIT = 1000

_FLAGS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Which part of a list is asked for. A cursor (even an empty one) rules out the offset."""

    limit: int
    offset: int = 0
    cursor: str | None = None
    order_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Bounds of a moment or a number; None: open."""

    gte: datetime | float | None = None
    gt: datetime | float | None = None
    lte: datetime | float | None = None
    lt: datetime | float | None = None


class Params:
    def __init__(self, query: QueryParams) -> None:
        self._query = query

    def __contains__(self, name: str) -> bool:
        return name in self._query

    def text(self, name: str) -> str | None:
        return self._query.get(name) or None

    def required(self, name: str) -> str:
        value = self._query.get(name)
        if value is None:
            problem = {"type": "missing", "loc": ["query", name], "msg": "Field required", "input": None}
            raise Unprocessable([problem])
        return value

    def texts(self, name: str) -> list[str]:
        return [value for value in self._query.getlist(name) if value != ""]

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self._query.get(name, default)
        if value not in choices:
            raise self._wrong(name, "Input should be one of: " + ", ".join(choices), value)
        return value

    def integer(self, name: str, default: int | None = None, *, least: int | None = None) -> int | None:
        value = self._query.get(name)
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except ValueError:
            raise self._wrong(name, "Input should be a valid integer", value) from None
        if (least is not None and number < least) or abs(number) > 2**53:
            raise self._wrong(name, f"Input should be greater than or equal to {least or 0}", value)
        return number

    def integers(self, name: str) -> list[int]:
        try:
            return [int(value) for value in self.texts(name)]
        except ValueError:
            raise self._wrong(name, "Input should be a valid integer", self.texts(name)[0]) from None

    def number(self, name: str, default: float | None = None) -> float | None:
        value = self._query.get(name)
        if value is None or value == "":
            return default
        try:
            return float(value)
        except ValueError:
            raise self._wrong(name, "Input should be a valid number", value) from None

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        value = self._query.get(name)
        if value is None or value == "":
            return default
        if value.lower() not in _FLAGS:
            raise self._wrong(name, "Input should be a valid boolean", value)
        return _FLAGS[value.lower()]

    def moment(self, name: str) -> datetime | None:
        value = self._query.get(name)
        if value is None or value == "":
            return None
        try:
            # A "+" that was not escaped arrives as a space.
            parsed = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
        except ValueError:
            raise self._wrong(name, "Input should be a valid datetime", value) from None
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)

    def range(self, name: str) -> Range:
        return Range(**{end: self.moment(f"{name}_{end}") for end in ("gte", "gt", "lte", "lt")})

    def number_range(self, name: str) -> Range:
        return Range(**{end: self.number(f"{name}_{end}") for end in ("gte", "gt", "lte", "lt")})

    def window(self) -> Window:
        limit = self.integer("limit", DEFAULT_LIMIT, least=0)
        offset = self.integer("offset", 0, least=0)
        assert limit is not None
        assert offset is not None
        return Window(
            limit=min(limit, GREATEST_LIMIT),
            offset=offset,
            cursor=self._query.get("cursor"),
            order_by=tuple(self.texts("order_by")),
        )

    def _wrong(self, name: str, message: str, given: str) -> Unprocessable:
        return Unprocessable.one(["query", name], message, given)


def batch_params(body: BaseModel, names: Mapping[str, str]) -> Params:
    """The body of a batch list as the query parameters of the plain list; `names` are those that differ."""
    renamed = {"page_limit": "limit", "page_offset": "offset", **names}
    pairs: list[tuple[str, str]] = []
    for name, value in body.model_dump(exclude_none=True, mode="json").items():
        for one in value if isinstance(value, list) else [value]:
            pairs.append((renamed.get(name, name), "none" if one is None else str(one)))
    return Params(QueryParams(pairs))

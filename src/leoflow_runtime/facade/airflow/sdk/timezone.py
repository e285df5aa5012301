"""Time zones, on the standard library: datetimes are aware `datetime.datetime` objects, not Pendulum's."""

from __future__ import annotations

import datetime as dt

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

utc = dt.timezone.utc


def is_localized(value: dt.datetime) -> bool:
    """Whether it has a time zone."""
    return value.utcoffset() is not None


def is_naive(value: dt.datetime) -> bool:
    """Whether it has none."""
    return not is_localized(value)


def utcnow() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(utc)


def utc_epoch() -> dt.datetime:
    """The first of January 1970, in UTC."""
    return dt.datetime(1970, 1, 1, tzinfo=utc)


def convert_to_utc(value: dt.datetime | None) -> dt.datetime | None:
    """The same instant in UTC; a naive time is taken as UTC."""
    if value is None:
        return None
    return value.replace(tzinfo=utc) if is_naive(value) else value.astimezone(utc)


def make_aware(value: dt.datetime | None, timezone: Any = None) -> dt.datetime | None:
    """A naive time, in that zone. Raises ValueError for an aware one."""
    if value is None:
        return None
    if is_localized(value):
        raise ValueError(f"make_aware expects a naive datetime, got {value}")
    return value.replace(tzinfo=timezone or utc)


def make_naive(value: dt.datetime, timezone: Any = None) -> dt.datetime:
    """The wall clock of that zone. Raises ValueError for a naive time."""
    if is_naive(value):
        raise ValueError("make_naive() cannot be applied to a naive datetime")
    return value.astimezone(timezone or utc).replace(tzinfo=None)


def coerce_datetime(value: dt.datetime | None, tz: Any = None) -> dt.datetime | None:
    """Aware, whatever it was."""
    if value is None or is_localized(value):
        return value
    return value.replace(tzinfo=tz or utc)


def datetime(*args: Any, **kwargs: Any) -> dt.datetime:
    """As `datetime.datetime`, in UTC unless a zone is given."""
    kwargs.setdefault("tzinfo", utc)
    return dt.datetime(*args, **kwargs)


def parse(string: str, timezone: Any = None, *, strict: bool = False) -> dt.datetime:
    """An ISO 8601 text as an aware datetime; without an offset, in that zone or UTC."""
    text = string.strip()
    if text[-1:] in ("Z", "z"):
        text = text[:-1] + "+00:00"
    # Python before 3.11 takes three or six digits of a second only.
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    value = dt.datetime.fromisoformat(text)
    return value.replace(tzinfo=timezone or utc) if value.tzinfo is None else value

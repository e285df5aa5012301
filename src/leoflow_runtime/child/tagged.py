"""Types that JSON does not have and XComs do: how each is written as plain values, and read back."""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple


def _datetime_text(value: Any) -> Any:
    zone = getattr(value.tzinfo, "key", None)
    if zone is None:
        return value.isoformat()
    # The zone has its rules, which an offset would lose; the fold tells the two hours of autumn apart.
    return [value.replace(tzinfo=None).isoformat(), zone, value.fold]


def _time_text(value: Any) -> Any:
    # A time of day in a zone with rules has no offset to write down.
    return value.isoformat() if value.tzinfo is None or value.utcoffset() is not None else None


def _read_datetime(value: Any) -> Any:
    import datetime

    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    from zoneinfo import ZoneInfo

    text, zone, fold = value
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def _read_date(value: Any) -> Any:
    import datetime

    return datetime.date.fromisoformat(value)


def _read_time(value: Any) -> Any:
    import datetime

    return datetime.time.fromisoformat(value)


def _read_timedelta(value: Any) -> Any:
    import datetime

    days, seconds, microseconds = value
    return datetime.timedelta(days, seconds, microseconds)


def _read_decimal(value: Any) -> Any:
    import decimal

    return decimal.Decimal(value)


def _read_uuid(value: Any) -> Any:
    import uuid

    return uuid.UUID(value)


def _read_bytes(value: Any) -> Any:
    import base64

    return base64.b64decode(value)


def _write_bytes(value: bytes) -> str:
    import base64

    return base64.b64encode(value).decode("ascii")


def _write_set(value: Any) -> Any:
    # Sorted where that is possible: equal sets have one text.
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=lambda item: (type(item).__name__, repr(item)))


# Sets hold only what can be hashed: lists inside were tuples.
def _hashable(value: Any) -> Any:
    return tuple([_hashable(item) for item in value]) if isinstance(value, list) else value


WRITERS: Dict[str, Tuple[str, Callable[[Any], Any]]] = {
    "datetime.datetime": ("datetime", _datetime_text),
    "datetime.date": ("date", lambda value: value.isoformat()),
    "datetime.time": ("time", _time_text),
    "datetime.timedelta": ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    "decimal.Decimal": ("decimal", str),
    "uuid.UUID": ("uuid", str),
    "builtins.bytes": ("bytes", _write_bytes),
    "builtins.set": ("set", _write_set),
    "builtins.frozenset": ("frozenset", _write_set),
}
READERS: Dict[str, Callable[[Any], Any]] = {
    "datetime": _read_datetime,
    "date": _read_date,
    "time": _read_time,
    "timedelta": _read_timedelta,
    "decimal": _read_decimal,
    "uuid": _read_uuid,
    "bytes": _read_bytes,
    "set": lambda items: {_hashable(item) for item in items},
    "frozenset": lambda items: frozenset(_hashable(item) for item in items),
}

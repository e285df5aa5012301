"""Pendulum's format tokens, in English."""

from __future__ import annotations

import re

from pendulum._advice import advice

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKENS: dict[str, Callable[[Any], str]] = {
    "YYYY": lambda at: f"{at.year:d}",
    "YY": lambda at: f"{at.year:d}"[2:],
    "Y": lambda at: f"{at.year:d}",
    "Q": lambda at: f"{at.quarter:d}",
    "MMMM": lambda at: _MONTHS[at.month - 1],
    "MMM": lambda at: _MONTHS[at.month - 1][:3],
    "MM": lambda at: f"{at.month:02d}",
    "M": lambda at: f"{at.month:d}",
    "DDDD": lambda at: f"{at.day_of_year:03d}",
    "DDD": lambda at: f"{at.day_of_year:d}",
    "DD": lambda at: f"{at.day:02d}",
    "Do": lambda at: f"{at.day:d}{_ordinal(at.day)}",
    "D": lambda at: f"{at.day:d}",
    "dddd": lambda at: _DAYS[at.weekday()],
    "ddd": lambda at: _DAYS[at.weekday()][:3],
    "dd": lambda at: _DAYS[at.weekday()][:2],
    "d": lambda at: f"{at.isoweekday() % 7:d}",
    "E": lambda at: f"{at.isoweekday():d}",
    "HH": lambda at: f"{at.hour:02d}",
    "H": lambda at: f"{at.hour:d}",
    "hh": lambda at: f"{at.hour % 12 or 12:02d}",
    "h": lambda at: f"{at.hour % 12 or 12:d}",
    "mm": lambda at: f"{at.minute:02d}",
    "m": lambda at: f"{at.minute:d}",
    "ss": lambda at: f"{at.second:02d}",
    "s": lambda at: f"{at.second:d}",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "X": lambda at: f"{at.int_timestamp:d}",
    "x": lambda at: f"{at.int_timestamp * 1000 + at.microsecond // 1000:d}",
    "zz": lambda at: at.tzname() or "",
    "z": lambda at: at.timezone_name or "",
    "ZZ": lambda at: _offset(at, ""),
    "Z": lambda at: _offset(at, ":"),
    **{"S" * digits: lambda at, digits=digits: f"{at.microsecond:06d}"[:digits] for digits in range(1, 7)},
}
_WHOLE = {
    "LTS": "h:mm:ss A",
    "LT": "h:mm A",
    "L": "MM/DD/YYYY",
    "LL": "MMMM D, YYYY",
    "LLL": "MMMM D, YYYY h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
}
_PARSED = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "DDDD": "%j", "DD": "%d",
    "D": "%d", "HH": "%H", "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S",
    "SSSSSS": "%f", "A": "%p", "dddd": "%A", "ddd": "%a",
}  # fmt: skip
# Longest first. A text in brackets, and a character after a backslash, stand for themselves.
_PATTERN = re.compile(
    r"\[([^\[]*?)\]|\\(.)|("
    + "|".join(sorted([*_TOKENS, *_WHOLE], key=len, reverse=True))
    + r"|[QMDWwde]o|e|W|w|GG|gg|k)"
)


def formatted(at: Any, pattern: str) -> str:
    """Raises AttributeError for a token that only Pendulum knows."""

    def text(found: re.Match[str]) -> str:
        literal, escaped, token = found.groups()
        if token is None:
            return escaped if literal is None else literal
        if token in _WHOLE:
            return formatted(at, _WHOLE[token])
        if token not in _TOKENS:
            raise AttributeError(advice(f"the format token {token}"))
        return _TOKENS[token](at)

    return _PATTERN.sub(text, pattern)


def parsed(text: str, pattern: str) -> datetime:
    """A naive time. Raises ValueError for another text, AttributeError for another token."""
    from datetime import datetime

    def directive(found: re.Match[str]) -> str:
        literal, escaped, token = found.groups()
        if token is None:
            return (escaped if literal is None else literal).replace("%", "%%")
        if token not in _PARSED:
            raise AttributeError(advice(f"the format token {token}"))
        return _PARSED[token]

    return datetime.strptime(text, _PATTERN.sub(directive, pattern))


def _ordinal(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _offset(at: Any, separator: str) -> str:
    offset = at.utcoffset()
    if offset is None:
        return ""
    minutes = int(offset.total_seconds() / 60)
    hour, minute = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hour:02d}{separator}{minute:02d}"

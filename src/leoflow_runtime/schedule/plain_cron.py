"""Cron expressions that surely are some, told without croniter, which takes longer to import than to ask."""

from __future__ import annotations

import re

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")
_IN_EVERY_MONTH = 28


def is_plain(expression: str) -> bool:
    """Five fields of numbers, ranges, steps and lists that come again and again. False says nothing."""
    fields = expression.split()
    if len(fields) != len(_BOUNDS):
        return False
    return all(
        _is_within(part, low, min(high, _IN_EVERY_MONTH) if low == 1 and high == 31 else high)
        for field, (low, high) in zip(fields, _BOUNDS, strict=True)
        for part in field.split(",")
    )


def _is_within(part: str, low: int, high: int) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    first, last, step = (int(text) if text else None for text in found.groups())
    if step is not None and (not 1 <= step <= high or (first is not None and last is None)):
        return False
    if first is None:
        return True
    return low <= first <= high and (last is None or first <= last <= high)

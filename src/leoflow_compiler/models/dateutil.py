"""dateutil, as far as DAG files use it: `relativedelta`, `parser.parse` of ISO dates, `tz.gettz`."""

from __future__ import annotations

import calendar
import datetime
from dataclasses import field
from typing import Any

from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.models.pendulum import pure_call, zone
from leoflow_runtime.light import dataclass

_MOVED = ("years", "months", "weeks", "days", "hours", "minutes", "seconds", "microseconds")
_FIXED = ("year", "month", "day", "hour", "minute", "second", "microsecond")


@dataclass(frozen=True)
class RelativeDelta:
    """`relativedelta`: first the fixed parts are replaced, then years and months move, then the rest."""

    moved: dict[str, int] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)

    def __radd__(self, date: Any) -> Any:
        if not isinstance(date, datetime.date):
            return NotImplemented
        fixed = dict(self.fixed)
        total = date.replace(day=1, **{k: v for k, v in fixed.items() if k in ("year", "month")})
        months = total.year * 12 + total.month - 1 + self.moved["years"] * 12 + self.moved["months"]
        year, month = months // 12, months % 12 + 1
        last = calendar.monthrange(year, month)[1]
        rest = {k: v for k, v in fixed.items() if k not in ("year", "month", "day")}
        day = min(last, fixed.get("day", date.day))
        start: Any = date.replace(year=year, month=month, day=day, **rest)
        return start + datetime.timedelta(**{k: self.moved[k] for k in _MOVED[2:]})

    __add__ = __radd__

    def __rsub__(self, date: Any) -> Any:
        return date + -self

    def __neg__(self) -> RelativeDelta:
        return RelativeDelta({k: -v for k, v in self.moved.items()}, self.fixed)

    def __mul__(self, factor: int) -> RelativeDelta:
        return RelativeDelta({k: v * factor for k, v in self.moved.items()}, self.fixed)

    __rmul__ = __mul__


def _relativedelta(**parts: Any) -> RelativeDelta:
    unknown = set(parts) - {*_MOVED, *_FIXED}
    if unknown:
        raise TypeError(f"relativedelta() argument '{min(unknown)}' is not modelled")
    moved = {name: parts.get(name) or 0 for name in _MOVED}
    return RelativeDelta(moved, {k: parts[k] for k in _FIXED if parts.get(k) is not None})


def _parse(text: str) -> datetime.datetime:
    """Only ISO dates: of any other text, dateutil's answer depends on today's date."""
    return datetime.datetime.fromisoformat(text)


def register(models: Models) -> None:
    models.pure_types.add(RelativeDelta)
    models.calls["dateutil.relativedelta.relativedelta"] = pure_call(_relativedelta)
    models.calls["dateutil.parser.parse"] = pure_call(_parse)
    models.calls["dateutil.parser.isoparse"] = pure_call(_parse)
    models.calls["dateutil.tz.gettz"] = pure_call(zone)
    models.calls["dateutil.tz.tzutc"] = pure_call(lambda: datetime.UTC)
    models.values["dateutil.tz.UTC"] = datetime.UTC

"""Dates: datetime, zoneinfo, calendar. Clocks and the machine's own time zone are opaque."""

from __future__ import annotations

import calendar
import datetime
import zoneinfo

from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Opaque

CLOCK = "the clock is known only when the code runs"
_LOCAL = "the time zone of the machine is known only when the code runs"
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def register(models: Models) -> None:
    models.pure("datetime", datetime.datetime, datetime.date, datetime.time, datetime.timedelta)
    models.pure("datetime", datetime.timezone, datetime.tzinfo)
    models.pure_types.add(type(datetime.date.min.isocalendar()))
    models.values["datetime.UTC"] = datetime.UTC
    models.values["datetime.MINYEAR"], models.values["datetime.MAXYEAR"] = 1, 9999
    for kind in (datetime.datetime, datetime.date):
        for name in ("now", "utcnow", "today"):
            models.impure[(kind, name)] = CLOCK
    models.remedies[CLOCK] = "write a fixed date, such as `datetime(2025, 1, 31)`"
    models.remedies[_LOCAL] = "give the time zone, such as `tzinfo=timezone.utc`"
    models.guards["timestamp"] = models.guards["astimezone"] = _of_naive
    models.guards["fromtimestamp"] = _without_zone
    models.pure("zoneinfo", zoneinfo.ZoneInfo, zoneinfo.ZoneInfoNotFoundError)
    models.pure("calendar", calendar.monthrange, calendar.isleap, calendar.leapdays, calendar.weekday)
    # Of the C locale: nothing of the compiler sets another.
    names = ("month_name", "month_abbr", "day_name", "day_abbr")
    models.constants("calendar", {name: list(getattr(calendar, name)) for name in names})
    models.constants("calendar", {name: number for number, name in enumerate(_DAYS)})


def _of_naive(call: Call) -> Opaque | None:
    moment = getattr(call.args[0], "__self__", None)
    naive = isinstance(moment, datetime.datetime) and moment.tzinfo is None
    return _local(call) if naive else None


def _without_zone(call: Call) -> Opaque | None:
    owner = getattr(call.args[0], "__self__", None)
    dated = isinstance(owner, type) and issubclass(owner, datetime.date)
    known = len(call.args) > 2 or call.kwargs.get("tz") is not None
    return _local(call) if dated and not known else None


def _local(call: Call) -> Opaque:
    return call.interpreter.opaque(_LOCAL, call.place, advice=call.interpreter.models.remedies[_LOCAL])

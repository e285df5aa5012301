"""A schedule as `dag.json` declares it, as a rule.

A text is a cron expression or preset, a number is seconds between runs, an object is an interval, assets, or
one of Airflow's timetables by its class with its arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.relativedelta import relativedelta

from leoflow_runtime.schedule.cron import CronInvalid, cron
from leoflow_runtime.schedule.rules import (
    Continuous,
    DataIntervals,
    Events,
    Never,
    Once,
    Rule,
    SeveralTriggers,
    Triggers,
)
from leoflow_runtime.schedule.slots import ScheduleInvalid
from leoflow_runtime.schedule.steps import CronSteps, Delta, DeltaSteps

ONCE = "@once"
CONTINUOUS = "@continuous"
NONE = "@none"
_RELATIVE = "dateutil.relativedelta.relativedelta"

Arguments = Mapping[str, Any]


def rule_of(schedule: Any, zone: str) -> Rule:
    """The rule of a document's `schedule` in its `schedule_timezone`. Raises ScheduleInvalid."""
    if isinstance(schedule, Mapping):
        return _cached(json.dumps(schedule, sort_keys=True), zone)
    return _cached(schedule, zone)


@lru_cache(maxsize=4096)
def _cached(schedule: str | float | None, zone: str) -> Rule:
    check_zone(zone)
    if isinstance(schedule, str) and schedule.startswith("{"):
        return _of_object(json.loads(schedule), zone)
    if schedule is None or schedule == NONE:
        return Never()
    if schedule == ONCE:
        return Once()
    if schedule == CONTINUOUS:
        return Continuous()
    if isinstance(schedule, str):
        return Triggers(_cron(schedule, zone))
    return Triggers(DeltaSteps(_positive(timedelta(seconds=schedule))))


def _of_object(schedule: Arguments, zone: str) -> Rule:
    if "delta_seconds" in schedule:
        return _cached(float(schedule["delta_seconds"]), zone)
    if "timetable" in schedule:
        return _of_class(schedule["timetable"], schedule.get("arguments", {}), zone)
    return Never("Asset")


def _of_class(path: str, arguments: Arguments, zone: str) -> Rule:
    make = _CLASSES.get(path)
    if make is None:
        raise ScheduleInvalid(f"the timetable {path.rpartition('.')[2]} is not known here")
    try:
        return make(arguments, zone)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ScheduleInvalid):
            raise
        name = path.rpartition(".")[2]
        raise ScheduleInvalid(f"the arguments of {name} cannot be understood ({error})") from error


def check_zone(zone: str) -> None:
    """Raises ScheduleInvalid."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleInvalid(f"{zone!r} is not a time zone") from error


def _cron(expression: str, zone: str) -> CronSteps:
    try:
        cron(expression, zone)
    except CronInvalid as error:
        raise ScheduleInvalid(str(error)) from error
    return CronSteps(expression, zone)


def _zoned_cron(expression: str, arguments: Arguments, zone: str) -> CronSteps:
    own = arguments.get("timezone", zone)
    check_zone(own)
    return _cron(expression, own)


def _delta(value: Any) -> Delta:
    """`{"$seconds": 60}`, or the arguments of a relativedelta."""
    if "$seconds" in value:
        return timedelta(seconds=value["$seconds"])
    if value["$class"] != _RELATIVE:
        raise ValueError(f"{value['$class']} is no duration")
    return relativedelta(**value["arguments"])


def _positive(delta: Delta) -> Delta:
    now = datetime(2024, 1, 31, tzinfo=UTC)
    if now + delta <= now:
        raise ScheduleInvalid(f"the time between runs must be longer than nothing, not {delta}")
    return delta


def _interval(arguments: Arguments) -> Delta:
    return _delta(arguments["interval"]) if "interval" in arguments else timedelta()


def _immediately(arguments: Arguments) -> bool | timedelta:
    value = arguments.get("run_immediately", False)
    return value if isinstance(value, bool) else timedelta(seconds=value["$seconds"])


def _date(value: Any, zone: str) -> datetime:
    moment = datetime.fromisoformat(value["$date"])
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _cron_trigger(arguments: Arguments, zone: str) -> Rule:
    expression = arguments.get("expression", arguments.get("cron"))
    steps = _zoned_cron(str(expression), arguments, zone)
    return Triggers(steps, _interval(arguments), _immediately(arguments))


def _several(arguments: Arguments, zone: str) -> Rule:
    if not arguments["crons"]:
        raise ScheduleInvalid("a MultipleCronTriggerTimetable needs a cron expression")
    return SeveralTriggers(
        tuple(
            Triggers(_zoned_cron(one, arguments, zone), _interval(arguments), _immediately(arguments))
            for one in arguments["crons"]
        )
    )


def _cron_intervals(arguments: Arguments, zone: str) -> Rule:
    expression = arguments.get("expression", arguments.get("cron"))
    return DataIntervals(_zoned_cron(str(expression), arguments, zone))


def _events(arguments: Arguments, zone: str) -> Rule:
    dates = sorted({_date(one, zone) for one in arguments["event_dates"]})
    restricted = bool(arguments.get("restrict_to_events", False))
    description = arguments.get("description")
    return Events(tuple(dates), restricted, description if isinstance(description, str) else None)


def _asset_or_time(arguments: Arguments, zone: str) -> Rule:
    """Its part by time; the assets stand beside it in the document."""
    inner = arguments["timetable"]
    return _of_class(inner["$class"], inner.get("arguments", {}), zone)


_CLASSES: Mapping[str, Callable[[Arguments, str], Rule]] = {
    "airflow.sdk.CronTriggerTimetable": _cron_trigger,
    "airflow.sdk.MultipleCronTriggerTimetable": _several,
    "airflow.sdk.CronDataIntervalTimetable": _cron_intervals,
    "airflow.sdk.DeltaTriggerTimetable": lambda arguments, _zone: Triggers(
        DeltaSteps(_positive(_delta(arguments["delta"]))), _interval(arguments)
    ),
    "airflow.sdk.DeltaDataIntervalTimetable": lambda arguments, _zone: DataIntervals(
        DeltaSteps(_positive(_delta(arguments["delta"])))
    ),
    "airflow.sdk.EventsTimetable": _events,
    "airflow.sdk.AssetOrTimeSchedule": _asset_or_time,
}
KNOWN_TIMETABLES = frozenset(_CLASSES)

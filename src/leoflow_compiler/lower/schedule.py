"""When a DAG runs: its schedule, time zone and dates."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from leoflow_compiler.diagnostics.catalogue.lowering import BAD_SCHEDULE
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.evaluate.values import Opaque
from leoflow_compiler.lower.assets import asset_condition, literal, literals
from leoflow_compiler.lower.values import MISSING, Argument, plain_number, short
from leoflow_compiler.models.assets import AssetLike
from leoflow_compiler.models.dateutil import RelativeDelta
from leoflow_compiler.models.timetables import Instance
from leoflow_runtime.schedule import KNOWN_TIMETABLES, ScheduleInvalid
from leoflow_runtime.schedule.cron import PRESETS, CronInvalid, cron
from leoflow_runtime.schedule.declared import rule_of
from leoflow_runtime.schedule.plain_cron import is_plain

_PRESETS = frozenset({*PRESETS, "@once", "@continuous"})


def lower_schedule(argument: Argument) -> Any:
    """A cron expression or preset, an interval, assets, a timetable, or None. Raises Interruption."""
    value = argument.value
    if value is None:
        return None
    if isinstance(value, AssetLike) or (isinstance(value, (list, tuple, set)) and value):
        return {"assets": asset_condition(argument, value)}
    if isinstance(value, (list, tuple, set)):
        return None
    if isinstance(value, Instance) and value.is_timetable:
        return _timetable(argument, value)
    value = argument.known()
    if isinstance(value, RelativeDelta):
        by_calendar = {
            "timetable": "airflow.sdk.DeltaTriggerTimetable",
            "arguments": {"delta": literal(value)},
        }
        return _checked(argument, by_calendar)
    if isinstance(value, datetime.timedelta):
        if value.total_seconds() <= 0:
            raise argument.wrong("longer than zero")
        return {"delta_seconds": plain_number(value.total_seconds())}
    if isinstance(value, str):
        return _expression(argument, str(value))
    raise Refusal(BAD_SCHEDULE, f"{short(value)} is no schedule", argument.place, help=_ADVICE)


def _timetable(argument: Argument, timetable: Instance) -> Any:
    plain = _as_expression(timetable)
    if plain is not None:
        return _expression(argument, plain)
    _check_known(argument, timetable)
    found: dict[str, Any] = {"timetable": timetable.path}
    arguments = literals({name: value for name, value in timetable.arguments.items() if name != "assets"})
    if arguments:
        found["arguments"] = arguments
    assets = timetable.arguments.get("assets")
    if assets is not None:
        found["assets"] = asset_condition(argument, assets)
    return _checked(argument, found)


def _check_known(argument: Argument, timetable: Instance) -> None:
    """Airflow's own timetables are asked by the control plane: every argument counts. Raises Interruption."""
    if timetable.path not in KNOWN_TIMETABLES:
        return
    for name, value in timetable.arguments.items():
        if isinstance(value, Instance):
            _check_known(argument, value)
        elif name != "assets" and literal(value) is MISSING:
            what = f"`{name}` of the {timetable.name} of {argument.owner}"
            if isinstance(value, Opaque):
                raise argument.interpreter.structure_needs(value, what, argument.place)
            raise Refusal(BAD_SCHEDULE, f"{what} is not known when the DAG is compiled", argument.place)


def _checked(argument: Argument, schedule: dict[str, Any]) -> dict[str, Any]:
    """A declared timetable that the control plane understands. Raises Refusal."""
    if schedule["timetable"] in KNOWN_TIMETABLES:
        try:
            rule_of(schedule, "UTC")
        except ScheduleInvalid as error:
            raise Refusal(BAD_SCHEDULE, str(error), argument.place, help=_ADVICE) from None
    return schedule


def _as_expression(timetable: Instance) -> str | None:
    """A cron timetable in UTC that differs in nothing from its expression alone."""
    given = timetable.arguments
    zone = literal(given.get("timezone"))
    if timetable.path != "airflow.sdk.CronTriggerTimetable" or set(given) != {"expression", "timezone"}:
        return None
    return given["expression"] if zone == "UTC" and isinstance(given["expression"], str) else None


_ADVICE = "use a cron expression, a preset such as `@daily`, or a timedelta"


def _expression(argument: Argument, text: str) -> str:
    if text.startswith("@"):
        if text in _PRESETS:
            return text
        match = nearest(text, _PRESETS)
        advice = f"did you mean `{match}`?" if match else _ADVICE
        raise Refusal(BAD_SCHEDULE, f"`{text}` is no schedule preset", argument.place, help=advice)
    if is_plain(text):
        return text
    try:
        cron(text, "UTC")
    except CronInvalid as invalid:
        never = "next date" in invalid.reason
        message = f"`{text}` is no cron expression: {invalid.reason}"
        message = f"`{text}` never comes: no date fits it" if never else message
        raise Refusal(BAD_SCHEDULE, message, argument.place, help=_ADVICE) from None
    return text


def moment_of(argument: Argument) -> datetime.datetime | None:
    """A date argument as datetime, naive where the source is. Texts are read as Airflow reads them."""
    value = argument.known()
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            raise argument.wrong("a datetime") from None
    if not isinstance(value, datetime.datetime):
        raise argument.wrong("a datetime")
    return value


def zone_name(argument: Argument, moment: datetime.datetime | None) -> str:
    """The IANA name of the DAG's time zone."""
    if moment is None or moment.tzinfo is None:
        return "UTC"
    zone = moment.tzinfo
    if isinstance(zone, zoneinfo.ZoneInfo) and zone.key:
        return zone.key
    if moment.utcoffset() == datetime.timedelta(0):
        return "UTC"
    raise argument.wrong("in a named time zone such as `Europe/Berlin`")


def rfc3339(moment: datetime.datetime) -> str:
    """With offset; naive moments are in UTC, as in Airflow."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
    plain = datetime.datetime.fromisoformat(aware.isoformat())
    return plain.isoformat()

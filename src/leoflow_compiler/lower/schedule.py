"""When a DAG runs: its schedule, time zone and dates."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from leoflow_compiler.diagnostics.catalogue.airflow import UNSUPPORTED_FEATURE
from leoflow_compiler.diagnostics.catalogue.lowering import BAD_SCHEDULE
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.evaluate.values import Opaque
from leoflow_compiler.lower.values import Argument, plain_number, short
from leoflow_runtime.schedule.cron import PRESETS, CronInvalid, cron

_PRESETS = frozenset({*PRESETS, "@once", "@continuous"})


def lower_schedule(argument: Argument) -> Any:
    """A cron expression or preset, `{"delta_seconds": …}`, or None."""
    value = argument.value
    if value is None:
        return None
    if isinstance(value, Opaque) and not value.cascade and "airflow." in value.chain()[-1].why:
        source = value.chain()[-1].why.partition("(")[0].strip("`")
        message = f"schedules of the kind `{source}` are not supported yet"
        raise Refusal(UNSUPPORTED_FEATURE, message, argument.place, help=_ADVICE)
    if isinstance(value, (list, tuple, set)):
        message = "schedules by assets are not supported yet"
        raise Refusal(UNSUPPORTED_FEATURE, message, argument.place, help=_ADVICE)
    value = argument.known()
    if isinstance(value, datetime.timedelta):
        if value.total_seconds() <= 0:
            raise argument.wrong("longer than zero")
        return {"delta_seconds": plain_number(value.total_seconds())}
    if isinstance(value, str):
        return _expression(argument, str(value))
    raise Refusal(BAD_SCHEDULE, f"{short(value)} is no schedule", argument.place, help=_ADVICE)


_ADVICE = "use a cron expression, a preset such as `@daily`, or a timedelta"


def _expression(argument: Argument, text: str) -> str:
    if text.startswith("@"):
        if text in _PRESETS:
            return text
        match = nearest(text, _PRESETS)
        advice = f"did you mean `{match}`?" if match else _ADVICE
        raise Refusal(BAD_SCHEDULE, f"`{text}` is no schedule preset", argument.place, help=advice)
    try:
        cron(text, "UTC")
    except CronInvalid as invalid:
        message = f"`{text}` is no cron expression: {invalid.reason}"
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

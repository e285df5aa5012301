"""The few names of a run that native tasks may use inside `{{ }}`; everything else needs a process.

The same names and texts as in Airflow's context (`leoflow_runtime.child.run_context`).
"""

from __future__ import annotations

import re
from typing import Any

from leoflow_runtime.executors.native.work import RunTimes

NAMES = (
    "ds",
    "ds_nodash",
    "ts",
    "ts_nodash",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "run_id",
)
_NAME = re.compile(r"\{\{-?\s*(\w+)\s*-?\}\}")


class NameUnknown(Exception):
    """A text names something that this run does not have; the text is one sentence."""


def is_plain(text: str) -> bool:
    """Whether nothing inside needs more than a name of `NAMES`."""
    if any(match[1] not in NAMES for match in _NAME.finditer(text)):
        return False
    rest = _NAME.sub("", text)
    return "{{" not in rest and "{%" not in rest and "{#" not in rest


def fill(value: Any, times: RunTimes) -> Any:
    """The value with every name replaced, in texts at any depth. Raises NameUnknown."""
    if isinstance(value, str):
        return _NAME.sub(lambda match: _text(match[1], times), value)
    if isinstance(value, dict):
        return {key: fill(item, times) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(item, times) for item in value]
    return value


def _text(name: str, times: RunTimes) -> str:
    if name == "run_id":
        return times.run_id
    if name in ("data_interval_start", "data_interval_end"):
        moment = getattr(times, name)
        if moment is None:
            raise NameUnknown(f"`{name}` is not known: the run has no data interval")
        return str(moment)
    date = times.logical_date
    if date is None:
        raise NameUnknown(f"`{name}` is not known: the run has no logical date")
    match name:
        case "ds":
            return date.strftime("%Y-%m-%d")
        case "ds_nodash":
            return date.strftime("%Y%m%d")
        case "ts":
            return date.isoformat()
        case "ts_nodash":
            return date.strftime("%Y%m%dT%H%M%S")
    return str(date)

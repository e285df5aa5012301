"""Cron expressions, timetables and time zones, as functions of values."""

from leoflow_runtime.schedule.cron import PRESETS, Cron, CronInvalid
from leoflow_runtime.schedule.declared import CONTINUOUS, KNOWN_TIMETABLES, ONCE
from leoflow_runtime.schedule.slots import DataInterval, ScheduleInvalid, Slot, TimeRestriction
from leoflow_runtime.schedule.timetable import Timetable

__all__ = [
    "CONTINUOUS",
    "KNOWN_TIMETABLES",
    "ONCE",
    "PRESETS",
    "Cron",
    "CronInvalid",
    "DataInterval",
    "ScheduleInvalid",
    "Slot",
    "TimeRestriction",
    "Timetable",
]

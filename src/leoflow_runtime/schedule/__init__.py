"""Cron expressions, timetables and time zones, as functions of values."""

from leoflow_runtime.schedule.cron import PRESETS, Cron, CronInvalid
from leoflow_runtime.schedule.timetable import CONTINUOUS, ScheduleInvalid, Slot, Timetable

__all__ = ["CONTINUOUS", "PRESETS", "Cron", "CronInvalid", "ScheduleInvalid", "Slot", "Timetable"]

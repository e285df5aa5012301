"""Timetables of data intervals under their older path."""

from __future__ import annotations

from airflow.sdk.definitions.timetables.interval import (
    CronDataIntervalTimetable,
    DeltaDataIntervalTimetable,
)

__all__ = ["CronDataIntervalTimetable", "DeltaDataIntervalTimetable"]

"""EventsTimetable under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.timetables.events import EventsTimetable

__all__ = ["EventsTimetable"]

"""Schedules by assets under their older path."""

from __future__ import annotations

from airflow.sdk.definitions.timetables.assets import AssetOrTimeSchedule, PartitionedAssetTimetable

__all__ = ["AssetOrTimeSchedule", "PartitionedAssetTimetable"]

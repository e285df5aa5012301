"""The base of timetables."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import Declared


class BaseTimetable(Declared):
    """When a DAG runs. It is asked in the control plane, never here."""

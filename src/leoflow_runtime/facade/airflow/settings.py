"""Airflow's settings: tasks have no way to its database, in Airflow 3 as here."""

from __future__ import annotations

from airflow.sdk.definitions._internal.unsupported import refused_class
from airflow.sdk.timezone import utc as TIMEZONE

__all__ = ["TIMEZONE", "Session"]

Session = refused_class("Session", "A session of Airflow's database")

"""Airflow's configuration under its older path."""

from __future__ import annotations

from airflow.sdk.configuration import conf  # noqa: F401

"""Operators under their path of Airflow 1."""

from __future__ import annotations

from airflow.operators.python import *  # noqa: F403

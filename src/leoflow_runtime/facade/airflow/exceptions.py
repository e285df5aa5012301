"""Airflow's exceptions under their older import path."""

from __future__ import annotations

from airflow.sdk.exceptions import *  # noqa: F403
from airflow.sdk.exceptions import __all__  # noqa: F401

"""The base of sensors under its older path."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator, PokeReturnValue, poke_mode_only  # noqa: F401

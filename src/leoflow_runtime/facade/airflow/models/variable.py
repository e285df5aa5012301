"""Variable under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.variable import Variable  # noqa: F401

"""TriggerRule under its older path."""

from __future__ import annotations

from airflow.sdk.definitions._internal.types import NamedTriggerRule as TriggerRule  # noqa: F401

"""Enumerations that Airflow generates from its API."""

from __future__ import annotations

from airflow.sdk.definitions._internal.types import (  # noqa: F401
    DagRunState,
    TaskInstanceState,
    TriggerRule,
    WeightRule,
)

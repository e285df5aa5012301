"""States under their older path."""

from __future__ import annotations

from airflow.sdk.definitions._internal.types import DagRunState, TaskInstanceState  # noqa: F401

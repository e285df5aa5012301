"""TaskGroup under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.taskgroup import TaskGroup  # noqa: F401

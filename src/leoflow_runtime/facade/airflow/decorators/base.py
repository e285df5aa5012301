"""What decorators are built on."""

from __future__ import annotations

from airflow.sdk.bases.decorator import DecoratedOperator, get_unique_task_id, task_decorator_factory  # noqa: F401

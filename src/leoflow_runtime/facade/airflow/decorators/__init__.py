"""The decorators under their older path."""

from __future__ import annotations

from airflow.sdk.bases.decorator import DecoratedOperator, get_unique_task_id, task_decorator_factory  # noqa: F401
from airflow.sdk.definitions.decorators import dag, setup, task, task_group, teardown  # noqa: F401

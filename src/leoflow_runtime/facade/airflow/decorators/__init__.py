"""The decorators under their older path."""

from __future__ import annotations

from airflow.sdk.bases.decorator import DecoratedOperator, get_unique_task_id, task_decorator_factory  # noqa: F401
from airflow.sdk.definitions.decorators import dag, task  # noqa: F401

__all__ = ["dag", "setup", "task", "task_group", "teardown"]


def __getattr__(name: str) -> object:
    from airflow.sdk.definitions import decorators

    return getattr(decorators, name)

"""The decorators under their older path."""

from __future__ import annotations

from airflow.sdk.bases.decorator import DecoratedOperator, get_unique_task_id, task_decorator_factory  # noqa: F401
from airflow.sdk.definitions.decorators import dag, task, task_group  # noqa: F401

__all__ = ["dag", "setup", "task", "task_group", "teardown"]


def __getattr__(name: str) -> object:
    if name in ("setup", "teardown"):
        from airflow.sdk.definitions.decorators import setup_teardown

        return getattr(setup_teardown, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

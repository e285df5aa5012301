"""Chaining under its older path."""

from __future__ import annotations

from airflow._protected import is_protected


def __getattr__(name: str) -> object:
    # Airflow 3 has the module, and not these functions.
    if name in ("chain", "cross_downstream") and not is_protected():
        from airflow.sdk.bases import chaining

        return getattr(chaining, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""`airflow.sdk` and its exceptions under the path that provider packages use."""

from __future__ import annotations

from airflow import sdk
from airflow.sdk import exceptions


def __getattr__(name: str) -> object:
    for module in (sdk, exceptions):
        try:
            return getattr(module, name)
        except AttributeError:
            continue
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

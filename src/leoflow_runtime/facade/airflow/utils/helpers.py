"""Chaining under its older path, and what operators check their arguments with."""

from __future__ import annotations

from airflow._protected import is_protected
from airflow.sdk.definitions._internal.types import ArgNotSet


def exactly_one(*args: object) -> bool:
    """Whether one of them, and no more, is true."""
    return sum(map(bool, args)) == 1


def at_most_one(*args: object) -> bool:
    """Whether no more than one of them is given: neither NOTSET nor false."""
    return sum(bool(arg) and not isinstance(arg, ArgNotSet) for arg in args) <= 1


def __getattr__(name: str) -> object:
    # Airflow 3 has the module, and not these functions.
    if name in ("chain", "cross_downstream") and not is_protected():
        from airflow.sdk.bases import chaining

        return getattr(chaining, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

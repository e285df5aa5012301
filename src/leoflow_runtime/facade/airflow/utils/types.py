"""Kinds of runs under their older path."""

from __future__ import annotations

from enum import Enum

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet

__all__ = ["NOTSET", "ArgNotSet", "DagRunType"]


class DagRunType(str, Enum):
    """Why a run is there."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"

    def __str__(self) -> str:
        return self.value

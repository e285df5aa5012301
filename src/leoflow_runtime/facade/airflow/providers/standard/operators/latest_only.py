"""Skipping all but the latest run. Built as declared; it does not run yet."""

from __future__ import annotations

from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.definitions._internal.unsupported import not_run


@not_run
class LatestOnlyOperator(BaseBranchOperator):
    """Skips what is downstream in any run but the latest."""

    ui_color = "#e9ffdb"

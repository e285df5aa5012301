"""Branching under its older path."""

from __future__ import annotations

from airflow.sdk.bases.branch import BaseBranchOperator  # noqa: F401

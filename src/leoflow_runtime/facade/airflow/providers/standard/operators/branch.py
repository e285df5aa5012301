"""Branching under the path of the provider."""

from __future__ import annotations

from airflow.sdk.bases.branch import BaseBranchOperator, BranchMixIn  # noqa: F401

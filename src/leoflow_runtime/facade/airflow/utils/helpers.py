"""Chaining under its older path."""

from __future__ import annotations

from airflow.sdk.bases.operator import chain, cross_downstream  # noqa: F401

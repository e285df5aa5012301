"""Param under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.param import DagParam, Param, ParamsDict  # noqa: F401

"""EmptyOperator under its older path."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: F401

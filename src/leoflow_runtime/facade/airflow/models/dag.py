"""DAG under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.dag import DAG, dag  # noqa: F401

"""BashOperator under its older path."""

from __future__ import annotations

from airflow.providers.standard.operators.bash import BashOperator  # noqa: F401

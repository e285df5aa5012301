"""EmptyOperator under its path of Airflow 1."""

from __future__ import annotations

from airflow.operators.dummy import DummyOperator, EmptyOperator

__all__ = ["DummyOperator", "EmptyOperator"]

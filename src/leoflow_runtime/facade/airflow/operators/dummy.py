"""EmptyOperator under its oldest name."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.empty import EmptyOperator as DummyOperator

__all__ = ["DummyOperator", "EmptyOperator"]

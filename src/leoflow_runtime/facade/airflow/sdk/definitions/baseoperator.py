"""BaseOperator under another path."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator, chain, chain_linear, cross_downstream  # noqa: F401

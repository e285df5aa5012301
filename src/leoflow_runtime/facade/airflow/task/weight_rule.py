"""WeightRule under its older path."""

from __future__ import annotations

from airflow.sdk.definitions._internal.types import NamedWeightRule as WeightRule  # noqa: F401

"""Labels under their older path."""

from __future__ import annotations

from airflow.sdk.definitions.edges import EdgeModifier, Label  # noqa: F401

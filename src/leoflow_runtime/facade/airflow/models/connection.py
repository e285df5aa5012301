"""Connection under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.connection import Connection  # noqa: F401

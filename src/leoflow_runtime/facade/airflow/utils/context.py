"""The context under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.context import Context, context_merge  # noqa: F401

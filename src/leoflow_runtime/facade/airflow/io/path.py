"""ObjectStoragePath under its older path."""

from __future__ import annotations

from airflow.sdk.io.path import ObjectStoragePath  # noqa: F401

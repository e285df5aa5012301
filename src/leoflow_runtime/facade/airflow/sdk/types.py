"""Types for annotations."""

from __future__ import annotations

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet  # noqa: F401

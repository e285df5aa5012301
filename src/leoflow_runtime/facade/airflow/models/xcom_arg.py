"""XComArg under its older path."""

from __future__ import annotations

from airflow.sdk.definitions.xcom_arg import XComArg  # noqa: F401

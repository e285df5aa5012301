"""BaseHook under its older path."""

from __future__ import annotations

from airflow.sdk.bases.hook import BaseHook  # noqa: F401

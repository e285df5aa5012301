"""BaseNotifier under its older path."""

from __future__ import annotations

from airflow.sdk.bases.notifier import BaseNotifier  # noqa: F401

"""BaseHook under its path of Airflow 1."""

from __future__ import annotations

from airflow.hooks.base import BaseHook

__all__ = ["BaseHook"]

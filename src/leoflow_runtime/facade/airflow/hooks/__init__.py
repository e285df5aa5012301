"""Hooks under their older import paths."""

from __future__ import annotations

from airflow import _older_paths  # noqa: F401
from airflow._path import extended

__path__ = extended(__path__, __name__)

"""Paths to files elsewhere under their older import paths."""

from __future__ import annotations

from airflow._path import extended

__path__ = extended(__path__, __name__)

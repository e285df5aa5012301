"""Sensors: tasks that wait."""

from __future__ import annotations

from airflow._path import extended

__path__ = extended(__path__, __name__)

"""Timetables of points in time under their older path."""

from __future__ import annotations

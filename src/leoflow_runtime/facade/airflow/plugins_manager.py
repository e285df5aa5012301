"""Plugins can be named; Leoflow has none."""

from __future__ import annotations


class AirflowPlugin:
    """The base of a project's plugin: it is never asked."""

    name: str | None = None

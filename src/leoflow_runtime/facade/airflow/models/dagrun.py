"""What a running task's `dag_run` is an instance of."""

from __future__ import annotations


class DagRun:
    """One run of one DAG; the child offers its values."""

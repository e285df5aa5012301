"""What a running task's `ti` is an instance of."""

from __future__ import annotations


class TaskInstance:
    """One try of one task; the child offers its values and XComs."""

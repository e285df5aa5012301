"""What is left of the oldest way to write start dates."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone


def days_ago(n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """That many days before today, in UTC."""
    today = datetime.now(timezone.utc).date()
    at = time(hour, minute, second, microsecond, tzinfo=timezone.utc)
    return datetime.combine(today - timedelta(days=n), at)

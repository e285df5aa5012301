"""What is left of the oldest way to write start dates."""

from __future__ import annotations

from airflow._protected import is_protected

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


def _days_ago(n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """That many days before today, in UTC."""
    from datetime import datetime, time, timedelta, timezone

    today = datetime.now(timezone.utc).date()
    at = time(hour, minute, second, microsecond, tzinfo=timezone.utc)
    return datetime.combine(today - timedelta(days=n), at)


def __getattr__(name: str) -> Any:
    # Airflow 3 has the module, and not the function.
    if name == "days_ago" and not is_protected():
        return _days_ago
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""By when a run is to be done, and what is called when it is not: kept as declared."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import Declared, keep
from airflow.sdk.definitions.callback import AsyncCallback, Callback, SyncCallback

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime, timedelta

__all__ = [
    "AsyncCallback",
    "BaseDeadlineReference",
    "DeadlineAlert",
    "DeadlineReference",
    "SyncCallback",
]

_LIMIT = 10


class BaseDeadlineReference(Declared):
    """From when a deadline's time is counted."""


class DagRunLogicalDateDeadline(BaseDeadlineReference):
    """From the run's logical date."""


class DagRunQueuedAtDeadline(BaseDeadlineReference):
    """From when the run was queued."""


class FixedDatetimeDeadline(BaseDeadlineReference):
    """From a point in time."""

    def __init__(self, datetime: datetime) -> None:
        keep(self, locals())


class AverageRuntimeDeadline(BaseDeadlineReference):
    """From when runs are done on average. Raises ValueError for less than one run."""

    def __init__(self, max_runs: int, min_runs: int | None = None) -> None:
        self.max_runs = max_runs
        self.min_runs = max_runs if min_runs is None else min_runs
        if self.min_runs < 1:
            raise ValueError("min_runs must be at least 1")


class DeadlineReference:
    """The references that there are."""

    DAGRUN_LOGICAL_DATE = DagRunLogicalDateDeadline()
    DAGRUN_QUEUED_AT = DagRunQueuedAtDeadline()

    @classmethod
    def FIXED_DATETIME(cls, dt: datetime) -> BaseDeadlineReference:  # noqa: N802
        return FixedDatetimeDeadline(dt)

    @classmethod
    def AVERAGE_RUNTIME(cls, max_runs: int = 0, min_runs: int | None = None) -> BaseDeadlineReference:  # noqa: N802
        return AverageRuntimeDeadline(max_runs or _LIMIT, min_runs)


class DeadlineAlert(Declared):
    """A reference, how long after it, and what is called. Raises ValueError for anything but a callback."""

    def __init__(self, reference: BaseDeadlineReference, interval: timedelta, callback: Callback) -> None:
        if not isinstance(callback, (AsyncCallback, SyncCallback)):
            raise ValueError(f"Callbacks of type {type(callback).__name__} are not currently supported")
        keep(self, locals())

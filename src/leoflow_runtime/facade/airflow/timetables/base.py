"""What timetables of the project are made of. They are asked in the control plane, never here."""

from __future__ import annotations

from airflow.sdk.bases.timetable import BaseTimetable

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class DataInterval:
    """What time a run covers."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start = start
        self.end = end

    @classmethod
    def exact(cls, at: datetime) -> DataInterval:
        return cls(at, at)


class TimeRestriction:
    """Between which times runs may be, and whether missed ones are made up for."""

    def __init__(self, earliest: datetime | None, latest: datetime | None, catchup: bool) -> None:
        self.earliest = earliest
        self.latest = latest
        self.catchup = catchup


class DagRunInfo:
    """The next run: when it starts, and what time it covers."""

    def __init__(self, run_after: datetime | None, data_interval: DataInterval | None, **more: Any) -> None:
        self.run_after = run_after
        self.data_interval = data_interval

    @classmethod
    def exact(cls, at: datetime) -> DagRunInfo:
        return cls(at, DataInterval.exact(at))

    @classmethod
    def interval(cls, start: datetime, end: datetime) -> DagRunInfo:
        return cls(end, DataInterval(start, end))


class Timetable(BaseTimetable):
    """The base of a project's timetable."""

    description = ""
    periodic = True
    can_be_scheduled = True
    run_ordering = ("data_interval_end", "logical_date")
    active_runs_limit: int | None = None

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        raise NotImplementedError

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        raise NotImplementedError

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        return cls()

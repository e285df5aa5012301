"""Runs at times from a list."""

from __future__ import annotations

from airflow.sdk.bases.timetable import BaseTimetable
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class EventsTimetable(BaseTimetable):
    """By a list of times."""

    def __init__(
        self,
        event_dates: Iterable[Any],
        *,
        restrict_to_events: bool = False,
        presorted: bool = False,
        description: str | None = None,
    ) -> None:
        keep(self, locals())
        self.event_dates = list(event_dates)

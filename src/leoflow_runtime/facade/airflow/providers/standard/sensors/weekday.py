"""Waiting for a day of the week."""

from __future__ import annotations

from airflow.providers.standard.utils.weekday import WeekDay
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class DayOfWeekSensor(BaseSensorOperator):
    """Until one of those days."""

    def __init__(self, *, week_day: Any, use_task_logical_date: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def poke(self, context: Any) -> bool:
        from airflow.sdk.timezone import utcnow

        day = utcnow()
        if self.use_task_logical_date:
            day = context.get("logical_date") or context["dag_run"].run_after
        self.log.info("Poking until weekday is in %s, it is day %s", self.week_day, day.isoweekday())
        return day.isoweekday() in self._week_day_num

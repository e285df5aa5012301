"""Branching by the day of the week."""

from __future__ import annotations

from airflow.providers.standard.utils.weekday import WeekDay
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Follows one way on some days, another one on others."""

    def __init__(
        self,
        *,
        follow_task_ids_if_true: Any,
        follow_task_ids_if_false: Any,
        week_day: Any,
        use_task_logical_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def choose_branch(self, context: Any) -> Any:
        from datetime import datetime

        day = datetime.now(self.dag.timezone)
        if self.use_task_logical_date:
            day = context.get("logical_date") or context["dag_run"].run_after
        is_one = day.isoweekday() in self._week_day_num
        return self.follow_task_ids_if_true if is_one else self.follow_task_ids_if_false

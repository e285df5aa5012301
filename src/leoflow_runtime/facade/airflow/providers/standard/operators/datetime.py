"""Branching by the time of day."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.exceptions import AirflowException
from airflow.sdk.timezone import utcnow

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class BranchDateTimeOperator(BaseBranchOperator):
    """Follows one way between two times, another one outside."""

    def __init__(
        self,
        *,
        follow_task_ids_if_true: Any,
        follow_task_ids_if_false: Any,
        target_lower: Any,
        target_upper: Any,
        use_task_logical_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if target_lower is None and target_upper is None:
            raise AirflowException(
                "Both target_upper and target_lower are None. At least one must be defined to be compared "
                "to the current datetime"
            )
        keep(self, locals())

    def choose_branch(self, context: Any) -> Any:
        now = utcnow()
        if self.use_task_logical_date:
            now = context.get("logical_date") or context["dag_run"].run_after
        lower, upper = (self._on_the_day(now, bound) for bound in (self.target_lower, self.target_upper))
        if lower is not None and upper is not None and upper < lower:
            upper += timedelta(days=1)
        is_inside = (upper is None or now <= upper) and (lower is None or lower <= now)
        return self.follow_task_ids_if_true if is_inside else self.follow_task_ids_if_false

    def _on_the_day(self, day: datetime, bound: Any) -> Any:
        """A time of day is meant on `day`; what says no zone, where the DAG's clock is."""
        if bound is None:
            return None
        if not hasattr(bound, "date"):
            bound = datetime.combine(day.date(), bound)
        return bound if bound.tzinfo is not None else bound.replace(tzinfo=self.dag.timezone)

"""Branching by the time of day. Built as declared; it does not run yet."""

from __future__ import annotations

from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.unsupported import not_run
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


@not_run
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

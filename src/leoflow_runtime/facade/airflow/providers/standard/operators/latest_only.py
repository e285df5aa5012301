"""Skipping all but the latest run."""

from __future__ import annotations

from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.execution_time import backend
from airflow.sdk.timezone import parse, utcnow

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class LatestOnlyOperator(BaseBranchOperator):
    """Skips what is downstream in any run but the latest."""

    ui_color = "#e9ffdb"

    def choose_branch(self, context: Any) -> list[str]:
        everything = sorted(self.downstream_task_ids)
        if context["dag_run"].run_type == "manual":
            self.log.info("Manually triggered DAG_Run: allowing execution to proceed.")
            return everything
        window = backend.current().get_latest_window()
        if not window["right"]:
            self.log.info("Last scheduled execution: allowing execution to proceed.")
            return everything
        left, right, now = parse(window["left"]), parse(window["right"]), utcnow()
        self.log.info("Checking latest only with left_window: %s right_window: %s now: %s", left, right, now)
        return everything if left < now <= right else []

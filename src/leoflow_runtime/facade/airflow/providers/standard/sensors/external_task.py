"""Waiting for tasks and runs of other DAGs."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.unsupported import not_run

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class ExternalDagLink(BaseOperatorLink):
    """To the other DAG."""

    name = "External DAG"


class ExternalTaskSensor(BaseSensorOperator):
    """Until a run of another DAG, or tasks of it, are done."""

    template_fields = ("external_dag_id", "external_task_id", "external_task_ids", "external_task_group_id")
    ui_color = "#4db7db"

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str | None = None,
        external_task_ids: Any = None,
        external_task_group_id: str | None = None,
        allowed_states: Any = None,
        skipped_states: Any = None,
        failed_states: Any = None,
        execution_delta: Any = None,
        execution_date_fn: Any = None,
        check_existence: bool = False,
        poll_interval: float = 2.0,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        """Raises ValueError where tasks are named in more than one way."""
        super().__init__(**kwargs)
        keep(self, locals())
        if external_task_id is not None:
            if external_task_ids is not None:
                raise ValueError(
                    "Only one of `external_task_id` or `external_task_ids` may be provided to "
                    "ExternalTaskSensor; use external_task_id or external_task_ids or external_task_group_id."
                )
            self.external_task_ids = [external_task_id]
        if external_task_group_id is not None and self.external_task_ids is not None:
            raise ValueError(
                "Only one of `external_task_group_id` or `external_task_ids` may be provided to "
                "ExternalTaskSensor; use external_task_id or external_task_ids or external_task_group_id."
            )
        if execution_delta is not None and execution_date_fn is not None:
            raise ValueError(
                "Only one of `execution_delta` or `execution_date_fn` may be provided to "
                "ExternalTaskSensor; not both."
            )


@not_run
class ExternalTaskMarker(EmptyOperator):
    """Says that a task of another DAG waits for this one."""

    template_fields = ("external_dag_id", "external_task_id", "logical_date")
    ui_color = "#4db7db"
    inherits_from_empty_operator = False

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str,
        logical_date: Any = "{{ logical_date.isoformat() }}",
        recursion_depth: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if recursion_depth <= 0:
            raise ValueError("recursion_depth should be a positive integer")
        keep(self, locals())
        if hasattr(logical_date, "isoformat"):
            self.logical_date = logical_date.isoformat()

"""Waiting for tasks and runs of other DAGs."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.signature import keyword_arguments
from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from airflow.sdk.execution_time import backend
from airflow.triggers.base import BaseTrigger, TriggerEvent

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
        self.allowed_states = list(allowed_states or ["success"])
        self.skipped_states = list(skipped_states or ())
        self.failed_states = list(failed_states or ())

    def poke(self, context: Any) -> bool:
        """Raises AirflowException for a failed state or nothing there, AirflowSkipException for a skip."""
        found = [self._states(date) for date in self._dates(context)]
        if self.check_existence:
            self._check_existence(found[0])
        for states in (answer["states"] for answer in found):
            self.log.info("%s: %s", self.external_dag_id, ", ".join(states) or "no run of that date")
            if any(state in self.failed_states for state in states):
                raise AirflowException(f"The external {self._what} has failed.")
            if any(state in self.skipped_states for state in states):
                raise AirflowSkipException(f"The external {self._what} was skipped.")
        least = len(self.external_task_ids or ()) or 1
        return all(
            len(answer["states"]) >= least and all(state in self.allowed_states for state in answer["states"])
            for answer in found
        )

    def execute(self, context: Any) -> Any:
        if not self.deferrable:
            return super().execute(context)
        return self.defer(
            trigger=_Looking(self, context), method_name="execute_complete", timeout=self.timeout
        )

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """What was waited for is there."""

    @property
    def _what(self) -> str:
        if self.external_task_ids:
            return f"task {', '.join(self.external_task_ids)} of {self.external_dag_id}"
        if self.external_task_group_id:
            return f"task group {self.external_task_group_id} of {self.external_dag_id}"
        return f"run of {self.external_dag_id}"

    def _dates(self, context: Any) -> list[Any]:
        date = context.get("logical_date") or context["dag_run"].run_after
        if self.execution_delta:
            return [date - self.execution_delta]
        if self.execution_date_fn is None:
            return [date]
        others = {name: value for name, value in context.items() if name != "logical_date"}
        others["context"] = context
        wanted = keyword_arguments(self.execution_date_fn, [date], others)
        result = self.execution_date_fn(date, **wanted)
        return result if isinstance(result, list) else [result]

    def _states(self, date: Any) -> dict[str, Any]:
        return backend.current().get_states(
            self.external_dag_id,
            logical_date=date.isoformat(),
            task_ids=list(self.external_task_ids or ()),
            task_group_id=self.external_task_group_id,
        )

    def _check_existence(self, answer: dict[str, Any]) -> None:
        if not answer["dag_exists"]:
            raise AirflowException(f"The external DAG {self.external_dag_id} does not exist.")
        if (self.external_task_ids or self.external_task_group_id) and not answer["tasks_exist"]:
            raise AirflowException(f"The external {self._what} does not exist.")


class _Looking(BaseTrigger):
    """Looks as the sensor does, while the task is deferred."""

    def __init__(self, sensor: ExternalTaskSensor, context: Any) -> None:
        super().__init__()
        self._sensor = sensor
        self._context = context

    async def run(self) -> Any:
        import asyncio

        while not await asyncio.to_thread(self._sensor.poke, self._context):
            await asyncio.sleep(self._sensor.poll_interval)
        yield TriggerEvent(True)


class ExternalTaskMarker(EmptyOperator):
    """Says that a task of another DAG waits for this one. Airflow 3 clears nothing by it any more."""

    template_fields = ("external_dag_id", "external_task_id", "logical_date")
    ui_color = "#4db7db"

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

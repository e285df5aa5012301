"""Starting a run of another DAG."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from airflow.sdk.execution_time import backend
from airflow.sdk.timezone import parse, utcnow

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

XCOM_RUN_ID = "trigger_run_id"


class DagIsPaused(AirflowException):
    """The DAG to run is paused."""

    def __init__(self, dag_id: str) -> None:
        super().__init__(f"Dag {dag_id} is paused")
        self.dag_id = dag_id


class TriggerDagRunLink(BaseOperatorLink):
    """To the run."""

    name = "Triggered DAG"


class TriggerDagRunOperator(BaseOperator):
    """Starts a run, and waits for it if told to."""

    template_fields = (
        "trigger_dag_id",
        "trigger_run_id",
        "logical_date",
        "conf",
        "wait_for_completion",
        "skip_when_already_exists",
    )
    template_fields_renderers = {"conf": "py"}
    ui_color = "#ffefeb"

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        trigger_run_id: str | None = None,
        conf: Any = None,
        logical_date: Any = NOTSET,
        run_after: Any = NOTSET,
        reset_dag_run: bool = False,
        wait_for_completion: bool = False,
        poke_interval: int = 60,
        allowed_states: list[str] | None = None,
        failed_states: list[str] | None = None,
        skip_when_already_exists: bool = False,
        fail_when_dag_is_paused: bool = False,
        note: str | None = None,
        deferrable: bool = False,
        openlineage_inject_parent_info: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        self.allowed_states = list(allowed_states or ["success"])
        self.failed_states = ["failed"] if failed_states is None else list(failed_states)

    def execute(self, context: Any) -> None:
        """Raises AirflowException where the run cannot be had, AirflowSkipException where that is wished."""
        if self.fail_when_dag_is_paused:
            refuse("TriggerDagRunOperator's fail_when_dag_is_paused")
        run_id = self._start()
        context["ti"].xcom_push(XCOM_RUN_ID, run_id)
        if not self.wait_for_completion:
            return
        if self.deferrable:
            from airflow.providers.standard.triggers.external_task import DagStateTrigger

            trigger = DagStateTrigger(
                dag_id=self.trigger_dag_id,
                states=[*self.allowed_states, *self.failed_states],
                run_ids=[run_id],
                poll_interval=self.poke_interval,
            )
            self.defer(trigger=trigger, method_name="execute_complete")
        import time

        while not self._is_done(run_id, _state(self.trigger_dag_id, run_id)):
            time.sleep(self.poke_interval)

    def execute_complete(self, context: Any, event: Any) -> None:
        """Raises AirflowException where a run has failed."""
        for run_id in event[1]["run_ids"]:
            self._is_done(run_id, event[1].get(run_id))

    def _start(self) -> str:
        date = self.logical_date
        if date is NOTSET:
            date = utcnow() if self.run_after is NOTSET else None
        answer = backend.current().trigger_run(
            self.trigger_dag_id,
            run_id=self.trigger_run_id,
            logical_date=_text(date),
            run_after=None if self.run_after is NOTSET else _text(self.run_after),
            conf_json=_json(self.conf),
            reset_dag_run=bool(self.reset_dag_run),
            note=self.note,
        )
        if answer["refused"]:
            raise AirflowException(answer["refused"])
        if answer["already_exists"] and self.skip_when_already_exists:
            raise AirflowSkipException(
                "Skipping due to skip_when_already_exists is set to True and DagRunAlreadyExists"
            )
        if answer["already_exists"]:
            raise AirflowException(f"A run {answer['run_id']!r} of {self.trigger_dag_id} exists already.")
        self.log.info("Started the run %s of %s", answer["run_id"], self.trigger_dag_id)
        self.trigger_run_id = answer["run_id"]
        return answer["run_id"]

    def _is_done(self, run_id: str, state: str | None) -> bool:
        if state in self.failed_states:
            raise AirflowException(f"{self.trigger_dag_id} failed with failed states {state}")
        if state in self.allowed_states:
            self.log.info("%s finished with allowed state %s", self.trigger_dag_id, state)
            return True
        self.log.info("Waiting for %s of %s, which is %s", run_id, self.trigger_dag_id, state)
        return False


def _state(dag_id: str, run_id: str) -> str | None:
    states = backend.current().get_states(dag_id, run_id=run_id)["states"]
    return states[0] if states else None


def _text(date: Any) -> str | None:
    if date is None or hasattr(date, "isoformat"):
        return date and date.isoformat()
    return parse(date).isoformat()


def _json(conf: Any) -> str:
    import json

    try:
        return json.dumps(json.loads(conf) if conf and isinstance(conf, str) else conf)
    except (TypeError, ValueError):
        raise ValueError(f"conf parameter should be JSON Serializable {conf}") from None

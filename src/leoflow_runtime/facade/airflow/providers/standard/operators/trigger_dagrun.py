"""Starting a run of another DAG. Built as declared; it does not run yet."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.bases.operatorlink import BaseOperatorLink
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.definitions._internal.unsupported import not_run
from airflow.sdk.exceptions import AirflowException

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


@not_run
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

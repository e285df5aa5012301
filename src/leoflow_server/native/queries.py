"""What native tasks ask of the database."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, select

from leoflow_runtime.executors.native.work import ExternalTasks
from leoflow_server.store.tables import dag_runs, dags, launches, task_instances

# In the column where other launches name the host of their agent.
NATIVE_HOST = "control-plane"


def unfinished_native(conn: Connection) -> list[int]:
    """Launches that a control plane has begun and that have no end."""
    query = select(launches.c.pk).where(launches.c.finished_at.is_(None), launches.c.host == NATIVE_HOST)
    return list(conn.execute(query.order_by(launches.c.pk)).scalars())


def version_of_run_at(conn: Connection, tenant_id: int, of: ExternalTasks) -> int | None:
    """The version of the run that is looked for; None where there is no such run."""
    query = select(dag_runs.c.version_pk).select_from(dag_runs.join(dags, dags.c.pk == dag_runs.c.dag_pk))
    found: int | None = conn.execute(query.where(*_run(tenant_id, of))).scalar_one_or_none()
    return found


def run_states(conn: Connection, tenant_id: int, of: ExternalTasks) -> list[str | None]:
    """Of the DAG's run at that logical date: one, or none."""
    query = select(dag_runs.c.state).select_from(dag_runs.join(dags, dags.c.pk == dag_runs.c.dag_pk))
    return list(conn.execute(query.where(*_run(tenant_id, of))).scalars())


def task_states(conn: Connection, tenant_id: int, of: ExternalTasks, task_ids: list[str]) -> list[str | None]:
    """Of every instance of these tasks in that run."""
    tables = task_instances.join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk).join(
        dags, dags.c.pk == dag_runs.c.dag_pk
    )
    query = select(task_instances.c.state).select_from(tables)
    query = query.where(*_run(tenant_id, of), task_instances.c.task_id.in_(task_ids))
    return list(conn.execute(query).scalars())


def _run(tenant_id: int, of: ExternalTasks) -> tuple[ColumnElement[bool], ...]:
    return (
        dags.c.tenant_id == tenant_id,
        dags.c.dag_id == of.dag_id,
        dag_runs.c.logical_date == of.logical_date,
    )

"""Finding what an operation is about, or saying that it is not there."""

from __future__ import annotations

from leoflow_runtime.engine.errors import NothingRegistered, UnknownDag, UnknownRun
from leoflow_runtime.engine.rows import DagRow, RunRow, VersionRow
from leoflow_runtime.engine.store import Tx


def the_dag(tx: Tx, dag_id: str, tenant_id: int) -> DagRow:
    """Raises UnknownDag."""
    dag = tx.find_dag(dag_id, tenant_id)
    if dag is None:
        raise UnknownDag(dag_id)
    return dag


def the_version(tx: Tx, dag: DagRow) -> VersionRow:
    """The current one. Raises NothingRegistered."""
    if dag.version_pk is None:
        raise NothingRegistered(dag.dag_id)
    return tx.version(dag.version_pk)


def the_run(tx: Tx, dag: DagRow, run_id: str) -> RunRow:
    """Raises UnknownRun."""
    run = tx.find_run(dag.pk, run_id)
    if run is None:
        raise UnknownRun(dag.dag_id, run_id)
    return run

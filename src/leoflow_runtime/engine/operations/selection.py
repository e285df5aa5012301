"""Which task instances of which runs a clear or a mark is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from leoflow_runtime.domain.states import RunType
from leoflow_runtime.engine.errors import UnknownTask
from leoflow_runtime.engine.graph import Graph, graph_of
from leoflow_runtime.engine.operations.finding import the_run
from leoflow_runtime.engine.rows import DagRow, RunRow, TaskRow
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.engine.timetables import timetable_of

_OF_THE_SCHEDULE = (RunType.SCHEDULED, RunType.BACKFILL)
# A task id, or one instance of a mapped task.
TaskKey = str | tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Relatives:
    """`setups`: what a task needs around it comes along, its setups and their teardowns. `chained`: with both
    directions, downstream is counted from the tasks upstream as well.
    """

    upstream: bool = False
    downstream: bool = False
    setups: bool = False
    chained: bool = False

    def of(self, graph: Graph, task_ids: set[str]) -> set[str]:
        """With the tasks themselves."""
        chosen = set(task_ids)
        if self.upstream:
            chosen |= graph.ancestors(task_ids)
        if self.downstream:
            chosen |= graph.descendants(chosen if self.chained else task_ids)
        if self.setups:
            for task_id in list(chosen):
                chosen |= graph.surroundings(task_id)
        return chosen


def select_runs(
    tx: Tx,
    dag: DagRow,
    *,
    run_id: str | None,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    include_past: bool = False,
    include_future: bool = False,
) -> list[RunRow]:
    """Past and future are counted from the run's logical date. Raises UnknownRun."""
    if run_id is None:
        return tx.runs_between(dag.pk, earliest=start_date, latest=end_date)
    run = the_run(tx, dag, run_id)
    if run.logical_date is None or not (include_past or include_future):
        return [run]
    return tx.runs_between(
        dag.pk,
        earliest=None if include_past else run.logical_date,
        latest=None if include_future else run.logical_date,
    )


def select_slots(
    tx: Tx, dag: DagRow, run: RunRow, *, include_past: bool, include_future: bool
) -> list[RunRow]:
    """The run, and those before or after it that its DAG's schedule has made; without a schedule, any."""
    runs = select_runs(tx, dag, run_id=run.run_id, include_past=include_past, include_future=include_future)
    timetable = timetable_of(tx.version(run.version_pk).spec)
    if not timetable.is_scheduled and timetable.assets is None:
        return runs
    return [
        one
        for one in runs
        if one.pk == run.pk or (timetable.is_periodic and one.run_type in _OF_THE_SCHEDULE)
    ]


def select_tasks(
    tx: Tx,
    run: RunRow,
    *,
    task_ids: Sequence[TaskKey] | None,
    map_indexes: Collection[int] | None,
    relatives: Relatives,
    graph: Graph | None = None,
) -> list[TaskRow]:
    """Empty or absent `task_ids`: every task, of `map_indexes` where given.

    Ids that this run's version lacks select nothing.
    """
    rows = tx.tasks(run.pk)
    if not task_ids:
        return [row for row in rows if map_indexes is None or row.map_index in map_indexes]
    graph = graph or graph_of(tx.version(run.version_pk))
    whole = {key for key in task_ids if isinstance(key, str)}
    single = {(key[0], key[1]) for key in task_ids if not isinstance(key, str)}
    around = relatives.of(graph, {task_id for task_id in whole if graph.has(task_id)}) - whole
    for task_id, map_index in list(single):
        if graph.has(task_id):
            inside, outside = _relatives_of_instance(graph, task_id, relatives)
            around |= outside - whole
            single |= {(other, map_index) for other in inside}
    return [
        row
        for row in rows
        if row.task_id in around
        or (row.task_id, row.map_index) in single
        or (row.task_id in whole and (map_indexes is None or row.map_index in map_indexes))
    ]


def _relatives_of_instance(graph: Graph, task_id: str, relatives: Relatives) -> tuple[set[str], set[str]]:
    """Those in its mapped group, of which the same index counts; and the others, which count whole."""
    group = graph.group_of.get(graph.index[task_id])
    found = relatives.of(graph, {task_id}) - {task_id}
    inside = {other for other in found if group and graph.group_of.get(graph.index[other]) == group}
    return inside, found - inside


def check_task_ids(dag: DagRow, graphs: Collection[Graph], task_ids: Sequence[TaskKey] | None) -> None:
    """Raises UnknownTask for an id that none of the graphs has."""
    for key in task_ids or ():
        task_id = key if isinstance(key, str) else key[0]
        if not any(graph.has(task_id) for graph in graphs):
            raise UnknownTask(dag.dag_id, task_id)

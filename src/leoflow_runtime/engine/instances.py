"""Mapped tasks get their instances, in the planner's transactions and a chunk at a time.

Row -1 of a mapped task becomes instance 0, which remembers how many there are to be; the others are inserted
by and by. Who waits for the task waits for all that are to be, and a planner that comes back goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.engine.graph import Graph
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.operations.runs import new_task
from leoflow_runtime.engine.store import Tx

if TYPE_CHECKING:
    from leoflow_runtime.engine.settle import Settler

# Rows that one transaction writes, at about.
CHUNK = 1000


def expand(settler: Settler, live: LiveRun, task: int) -> None:
    """A mapped task without instances whose time has come: it gets them, or ends without."""
    graph = live.graph
    length = _length(settler.work.tx, live, task)
    if length is None:
        settler.end(live, task, TaskState.UPSTREAM_FAILED, message=_nothing(graph, task))
    elif length > settler.planner.max_map_length:
        limit = settler.planner.max_map_length
        what = f"It would have {length:,} instances, more than the max_map_length of {limit:,}."
        settler.end(live, task, TaskState.FAILED, message=what)
    elif length > 0:
        for member in graph.members(task):
            row = live.rows[member]
            if row.map_index < 0 and row.state is None:
                settler.write(live, member, {"map_index": 0, "map_length": length})
                live.expand(member, length)
                _complete(settler, live, member)
    elif task in graph.group_of and task not in live.empty:
        live.empty.update(graph.members(task))
        settler.consider(live, [one for one in graph.members(task) if live.rows[one].state is None])
    else:
        settler.end(live, task, TaskState.SKIPPED, message="It is mapped over nothing.")


def verify(settler: Settler, live: LiveRun, task: int) -> bool:
    """Before instances that are there already run: whether they are as many as there are to be.

    Where not, those missing are made, those too many are removed, and all are to be decided again.
    """
    members = live.graph.members(task)
    live.unverified.difference_update(members)
    length = _length(settler.work.tx, live, task)
    changed = [member for member in members if member in live.sizes and live.sizes[member] != length]
    if length is None or not changed:
        return True
    for member in changed:
        for number, index in sorted(live.instances[member].items()):
            if number >= max(length, 1) and live.rows[index].state is not TaskState.REMOVED:
                settler.end(live, index, TaskState.REMOVED, why="it is not mapped over that many any more")
                settler.work.purge(live.rows[index].pk)
        live.resize(member, max(length, 1))
        if length:
            settler.write(live, member, {"map_length": length})
            _complete(settler, live, member)
        else:
            _collapse(settler, live, member)
    settler.consider(live, [index for member in members for index in live.rows_of(member)])
    return False


def grow(settler: Settler, live: LiveRun, task: int, most: int) -> bool:
    """Inserts about so many instances of what is expanded with `task`. Returns whether all are there.

    The members of a mapped group get theirs in step: one may have a say over the same index of others.
    """
    members = [member for member in live.graph.members(task) if live.missing(member)]
    first = min((live.missing(member).start for member in members), default=0)
    end = first + max(1, most // max(1, len(members)))
    for member in members:
        missing = live.missing(member)
        chunk = range(missing.start, min(missing.stop, end))
        if chunk:
            new = new_task(live.graph.specs[member], live.graph.weights[member])
            rows = settler.work.tx.insert_instances(live.run.pk, new, chunk)
            settler.work.inserted += len(rows)
            is_skipped = _is_skipped(live, member)
            added = [live.add(member, row) for row in rows]
            for index in added if is_skipped else ():
                settler.write(live, index, {"forced_skip": True})
            settler.consider(live, added)
    return not any(live.missing(member) for member in members)


def _is_skipped(live: LiveRun, task: int) -> bool:
    """Whether a branch has skipped all the instances there are, and would have skipped more.

    Not where one of the same mapped group decides, each time for its own index.
    """
    if any((up, task) in live.graph.direct.by_index for up in live.graph.parents_of[task]):
        return False
    return all(live.rows[index].forced_skip for index in live.rows_of(task))


def _complete(settler: Settler, live: LiveRun, task: int) -> None:
    """Instances that were removed once come back; those that never were are made by and by."""
    instances = live.instances[task]
    for number in range(min(live.sizes[task], len(instances))):
        index = instances[number]
        if live.rows[index].state is TaskState.REMOVED:
            settler.write(live, index, {"state": None, "start_date": None, "end_date": None})
    settler.consider(live, list(instances.values()))
    if live.missing(task):
        settler.planner.growing[live.run.pk, min(live.graph.members(task))] = None


def _collapse(settler: Settler, live: LiveRun, task: int) -> None:
    """Mapped over nothing now: instance 0 is the task's one row again, and skipped."""
    settler.end(live, task, TaskState.REMOVED, why="it is mapped over nothing any more")
    settler.work.purge(live.rows[task].pk)
    live.collapse(task)
    settler.write(live, task, {"map_index": -1, "map_length": None, "state": TaskState.SKIPPED})


def _length(tx: Tx, live: LiveRun, task: int) -> int | None:
    graph = live.graph
    expansion = graph.expansions[task]
    found = tx.map_lengths(live.run.pk, expansion.upstream) if expansion.upstream else {}

    def length_of(task_id: str) -> int | None:
        length = found.get(task_id)
        if graph.index[task_id] in graph.expansions:
            return length.instances if length is not None else 0
        return length.length if length is not None else None

    return expansion.length(length_of)


def _nothing(graph: Graph, task: int) -> str:
    names = ", ".join(repr(task_id) for task_id in graph.expansions[task].upstream)
    return f"It is mapped over the output of {names}, which left none that has a length."

"""Active DAGs and runs in the planner's memory: a cache of rows, with counts beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES, RunState, TaskState
from leoflow_runtime.domain.trigger_rules import Decision, Tally, decide, decide_on_setups
from leoflow_runtime.engine.gates import Gate, Passage, Waiting
from leoflow_runtime.engine.graph import Graph, graph_of
from leoflow_runtime.engine.rows import DagRow, RunRow, TaskRow, VersionRow

# A process of such a task is alive, or may be: it takes slots.
HOLDING = LAUNCHED_TASK_STATES | {TaskState.RESTARTING}


class LiveRun:
    """A running run. Rows are by the task's index in the graph of the run's version."""

    __slots__ = (
        "distant_tallies",
        "graph",
        "held",
        "index_of",
        "parked",
        "rows",
        "run",
        "scope_done",
        "tallies",
        "unfinished",
        "version",
    )

    def __init__(self, run: RunRow, version: VersionRow, rows: Sequence[TaskRow]) -> None:
        self.run = run
        self.version = version
        self.graph: Graph = graph_of(version)
        known = {row.task_id: row for row in rows}
        self.rows: list[TaskRow] = [known[spec.task_id] for spec in self.graph.specs]
        self.index_of = {row.pk: index for index, row in enumerate(self.rows)}
        self.tallies = [Tally() for _ in self.rows]
        self.distant_tallies = {index: Tally() for index in self.graph.distant_setups}
        self.scope_done = dict.fromkeys(self.graph.teardown_scopes, 0)
        self.unfinished = len(self.rows)
        self.held: dict[int, Passage] = {}  # index -> the slots that it takes
        self.parked: dict[int, Gate] = {}  # index -> where it waits
        for index, row in enumerate(self.rows):
            if row.state is not None and row.state.is_terminal:
                self._count(index, row.state, 1)

    def replace_row(self, index: int, row: TaskRow) -> list[int]:
        """Puts a newer row in place. Returns the tasks that this may concern."""
        before = self.rows[index].state
        self.rows[index] = row
        after = row.state
        if before is after:
            return [index] if after is None else []
        was_done = before is not None and before.is_terminal
        is_done = after is not None and after.is_terminal
        if was_done and before is not None:
            self._count(index, before, -1)
        if is_done and after is not None:
            self._count(index, after, 1)
        if was_done or is_done:
            concerned = [*self.graph.children_of[index], *self.graph.also_notifies.get(index, ())]
            return concerned if is_done else [index, *concerned]
        return [index] if after is None else []

    def _count(self, index: int, state: TaskState, by: int) -> None:
        self.unfinished -= by
        is_setup = self.graph.specs[index].is_setup
        for child in self.graph.children_of[index]:
            self.tallies[child].count(state, by, is_setup=is_setup)
        for other in self.graph.also_notifies.get(index, ()):
            if index in self.graph.distant_setups.get(other, ()):
                self.distant_tallies[other].count(state, by)
            if index in self.graph.teardown_scopes.get(other, ()):
                self.scope_done[other] += by

    def decide(self, index: int) -> Decision:
        """By the task's trigger rule and setups alone; the past and the limits come after."""
        graph = self.graph
        spec = graph.specs[index]
        if self.rows[index].forced_skip:
            return Decision.SKIP
        setups = Decision.RUN
        if index in self.distant_tallies:
            setups = decide_on_setups(self.distant_tallies[index], len(graph.distant_setups[index]))
            if setups in (Decision.SKIP, Decision.UPSTREAM_FAIL):
                return setups
        decision = decide(spec.trigger_rule, self.tallies[index], graph.totals[index], graph.setups[index])
        if decision is not Decision.RUN:
            return decision
        scope = graph.teardown_scopes.get(index)
        if setups is Decision.WAIT or (scope and self.scope_done[index] < len(scope)):
            return Decision.WAIT
        return Decision.RUN

    def outcome(self) -> RunState:
        """Of a run whose tasks have all ended: the leaves decide."""
        failed = any(
            self.rows[leaf].state in (TaskState.FAILED, TaskState.UPSTREAM_FAILED)
            for leaf in self.graph.leaves
        )
        return RunState.FAILED if failed else RunState.SUCCESS

    def unfinished_indices(self) -> Iterator[int]:
        for index, row in enumerate(self.rows):
            if row.state is None or not row.state.is_terminal:
                yield index

    def waiting(self, index: int) -> Waiting:
        row = self.rows[index]
        rank = (-self.graph.weights[index], self.run.run_after.timestamp(), row.pk)
        return Waiting(rank, self.run.pk, index)


class LiveDag:
    """A DAG that has active runs, or had."""

    __slots__ = ("looking_back", "queued", "row", "running", "version")

    def __init__(self, row: DagRow, version: VersionRow | None) -> None:
        self.row = row
        self.version = version
        self.running: set[int] = set()
        self.queued: dict[int, RunRow] = {}
        # (run, task index) that wait for an earlier run.
        self.looking_back: set[tuple[int, int]] = set()

    @property
    def active(self) -> int:
        return len(self.running) + len(self.queued)

"""Active DAGs and runs in the planner's memory: a cache of rows, with counts beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES, RunState, TaskState
from leoflow_runtime.domain.trigger_rules import Decision, decide, decide_on_setups
from leoflow_runtime.engine.backfill_rows import BackfillRow
from leoflow_runtime.engine.gates import Gate, Passage, Waiting
from leoflow_runtime.engine.graph import Graph, graph_of
from leoflow_runtime.engine.relations import NO_TALLIES, Concerned, Tallies
from leoflow_runtime.engine.rows import DagRow, RunRow, TaskRow, VersionRow

# A process of such a task is alive, or may be.
WITH_PROCESS = LAUNCHED_TASK_STATES | {TaskState.RESTARTING}
# It takes slots, unless it only waits for its trigger.
HOLDING = WITH_PROCESS - {TaskState.DEFERRED}


class LiveRun:
    """A running run. The first rows are by the task's index in the graph of the run's version; the further
    instances of mapped tasks follow, in any order. A removed instance has a row and counts for nothing.
    """

    __slots__ = (
        "_counted",
        "direct",
        "distant",
        "done",
        "empty",
        "graph",
        "held",
        "index_of",
        "instances",
        "maps",
        "moving",
        "parked",
        "rows",
        "run",
        "scopes",
        "sizes",
        "task_of",
        "unfinished",
        "unverified",
        "version",
    )

    def __init__(self, run: RunRow, version: VersionRow, rows: Sequence[TaskRow]) -> None:
        self.run = run
        self.version = version
        self.graph: Graph = graph_of(version)
        self.held: dict[int, Passage] = {}  # index -> the slots that it takes
        self.parked: dict[int, Gate] = {}  # index -> where it waits
        graph = self.graph
        self.direct, self.distant = Tallies.of_run(graph.direct), Tallies.of_run(graph.distant)
        self.scopes, self.maps = Tallies.of_run(graph.scopes), Tallies.of_run(graph.maps)
        every = (self.direct, self.distant, self.scopes, self.maps)
        self._counted = tuple(tallies for tallies in every if tallies is not NO_TALLIES)
        self.rows: list[TaskRow] = []
        self.task_of: list[int] = []  # by row: the task's index in the graph
        self.index_of: dict[int, int] = {}  # a row's key -> its index
        self.instances: dict[int, dict[int, int]] = {}  # task -> map index -> row, removed ones included
        # Of each task that has been expanded: how many instances count, and how many of them have ended.
        self.sizes: dict[int, int] = {}
        self.done: dict[int, int] = {}
        self.empty: set[int] = set()  # mapped over nothing: these end without instances
        # Whose instances may be as many as an upstream task, which has run again since, left before.
        self.unverified: set[int] = set()
        self.unfinished = len(self.graph.specs)
        self.moving = 0  # instances that have begun, or wait for a slot or a time, and have not ended
        self._place(rows)

    def _place(self, rows: Sequence[TaskRow]) -> None:
        first: dict[int, TaskRow] = {}
        others = []
        for row in sorted(rows, key=_counting_first) if len(rows) > len(self.graph.specs) else rows:
            task = self.graph.index.get(row.task_id)
            if task is not None and first.setdefault(task, row) is not row:
                others.append((task, row))
        for task in range(len(self.graph.specs)):
            self._append(task, first[task])
        for task, row in others:
            self._append(task, row)
        for task, instances in self.instances.items():
            if self.rows[task].map_index < 0:
                continue
            states = [self.rows[index].state for index in instances.values()]
            counting = sum(state is not TaskState.REMOVED for state in states)
            self._resize(task, max(self.rows[task].map_length or 0, counting), expands=True)
            if None in states:
                self.unverified.add(task)
        for index, row in enumerate(self.rows):
            if row.state is not None and row.state.is_terminal:
                self._count(index, row, 1)

    def _append(self, task: int, row: TaskRow) -> int:
        index = len(self.rows)
        self.rows.append(row)
        self.task_of.append(task)
        self.index_of[row.pk] = index
        self.moving += _is_moving(row)
        if row.map_index >= 0 and task in self.graph.expansions:
            self.instances.setdefault(task, {})[row.map_index] = index
        return index

    # Instances

    def spec(self, index: int) -> TaskSpec:
        """Of the task that the row at `index` is an instance of."""
        return self.graph.specs[self.task_of[index]]

    def rows_of(self, task: int) -> Iterable[int]:
        """The rows of a task, by the task's index in the graph."""
        return self.instances[task].values() if task in self.sizes else (task,)

    def is_known(self, index: int) -> bool:
        """Whether a task that has no instances yet need not wait for any output to get them."""
        task = self.task_of[index]
        if self.graph.mapped_over[task] or self.rows[index].forced_skip:
            return False
        return self.graph.expansions[task].length(lambda _: None) != 0

    def expand(self, task: int, length: int) -> None:
        """The task's one row has become instance 0 of `length`; the others are added one by one."""
        self.instances.setdefault(task, {})[0] = task
        self._resize(task, length, expands=True)

    def add(self, task: int, row: TaskRow) -> int:
        """A further instance. Returns the index of its row."""
        return self._append(task, row)

    def resize(self, task: int, length: int) -> None:
        """The task, which has instances, is to have another number of them."""
        self._resize(task, length, expands=False)

    def collapse(self, task: int) -> None:
        """Instance 0, which has not ended, is the task's one row again."""
        by = 1 - self.sizes.pop(task)
        is_setup = self.graph.specs[task].is_setup
        for tallies in self._counted:
            tallies.collapse(task, by=by, is_setup=is_setup)
        self.unfinished += by
        del self.instances[task][0], self.done[task]

    def missing(self, task: int) -> range:
        """The instances that are to be and have no row yet."""
        instances = self.instances.get(task, {})
        return range(len(instances), max(len(instances), self.sizes.get(task, 0)))

    def _resize(self, task: int, length: int, *, expands: bool) -> None:
        by = length - self.sizes.get(task, 1)
        self.sizes[task] = length
        self.done.setdefault(task, 0)
        self.unfinished += by
        for tallies in self._counted:
            tallies.resize(task, by=by, is_setup=self.graph.specs[task].is_setup, expands=expands)

    # Changes

    def replace_row(self, index: int, row: TaskRow) -> list[int]:
        """Puts a newer row in place. Returns the rows that this may concern."""
        before = self.rows[index]
        if before.state is row.state:
            self.rows[index] = row
            return [index] if row.state is None else []
        self.moving += _is_moving(row) - _is_moving(before)
        concerned: list[Concerned] = []
        if before.state is not None and before.state.is_terminal:
            concerned += self._count(index, before, -1)
        self.rows[index] = row
        if row.state is not None and row.state.is_terminal:
            concerned += self._count(index, row, 1)
            return self._indices(concerned)
        return [index, *self._indices(concerned)] if row.state is None or concerned else []

    def _count(self, index: int, row: TaskRow, by: int) -> list[Concerned]:
        state = row.state
        if state is None or (state is TaskState.REMOVED and row.map_index >= 0):
            return []
        task = self.task_of[index]
        self.unfinished -= by
        if task in self.done:
            self.done[task] += by
        is_setup = self.graph.specs[task].is_setup
        concerned: list[Concerned] = []
        for tallies in self._counted:
            concerned += tallies.count(task, row.map_index, state, by, is_setup=is_setup)
        return concerned

    def _indices(self, concerned: Iterable[Concerned]) -> list[int]:
        found: list[int] = []
        for task, map_index in concerned:
            if map_index is None or task not in self.sizes:
                found += self.rows_of(task)
            elif map_index in self.instances[task]:
                found.append(self.instances[task][map_index])
        return found

    # Decisions

    def decide(self, index: int) -> Decision:
        """By what the task is mapped over, its trigger rule and setups; the past and the limits come after.

        RUN for a mapped task without instances yet: it is to be expanded.
        """
        task, row = self.task_of[index], self.rows[index]
        if row.forced_skip:
            return Decision.SKIP
        if task not in self.graph.mapped_over:
            return self._by_rule(task, row)
        mapping = self._by_mapping(task)
        is_member = task in self.graph.group_of
        if mapping in (Decision.SKIP, Decision.UPSTREAM_FAIL):
            return mapping
        if row.map_index < 0 and is_member and task not in self.empty:
            # The group is expanded as a whole, and each instance asks for its own upstream.
            return mapping
        decision = self._by_rule(task, row)
        return mapping if decision is Decision.RUN else decision

    def _by_mapping(self, task: int) -> Decision:
        """What a task is mapped over has to end; where that has no instances, it has to end well."""
        decision = Decision.RUN
        for up in self.graph.mapped_over[task]:
            state = None if up in self.sizes else self.rows[up].state
            if state in (TaskState.FAILED, TaskState.UPSTREAM_FAILED):
                return Decision.UPSTREAM_FAIL
            if state is TaskState.SKIPPED:
                decision = Decision.SKIP
            elif decision is Decision.RUN and not self.has_ended(up):
                decision = Decision.WAIT
        return decision

    def has_ended(self, task: int) -> bool:
        """All instances of the task."""
        if task in self.sizes:
            return self.done[task] >= self.sizes[task]
        state = self.rows[task].state
        return state is not None and state.is_terminal

    def _by_rule(self, task: int, row: TaskRow) -> Decision:
        spec = self.graph.specs[task]
        setups = Decision.RUN
        if task in self.graph.distant_setups:
            tally, total, _ = self.distant.of(task, row.map_index)
            setups = decide_on_setups(tally, total)
            if setups in (Decision.SKIP, Decision.UPSTREAM_FAIL):
                return setups
        decision = decide(spec.trigger_rule, *self.direct.of(task, row.map_index))
        if decision is not Decision.RUN:
            return decision
        if task in self.graph.teardown_scopes:
            scope, total, _ = self.scopes.of(task, row.map_index)
            if scope.done < total:
                return Decision.WAIT
        return setups

    def outcome(self) -> RunState:
        """Of a run whose tasks have all ended: the leaves decide."""
        failed = any(
            self.rows[index].state in (TaskState.FAILED, TaskState.UPSTREAM_FAILED)
            for leaf in self.graph.leaves
            for index in self.rows_of(leaf)
        )
        return RunState.FAILED if failed else RunState.SUCCESS

    def unfinished_indices(self) -> Iterator[int]:
        for index, row in enumerate(self.rows):
            if row.state is None or not row.state.is_terminal:
                yield index

    def waiting(self, index: int) -> Waiting:
        row = self.rows[index]
        rank = (-self.graph.weights[self.task_of[index]], self.run.run_after.timestamp(), row.pk)
        return Waiting(rank, self.run.pk, index)


def _is_moving(row: TaskRow) -> bool:
    return row.state is not None and not row.state.is_terminal


def _counting_first(row: TaskRow) -> tuple[bool, int, int]:
    return row.state is TaskState.REMOVED, row.map_index, row.pk


class LiveDag:
    """A DAG that has active runs, or had."""

    __slots__ = ("backfill", "backfilling", "looking_back", "queued", "row", "running", "version")

    def __init__(self, row: DagRow, version: VersionRow | None) -> None:
        self.row = row
        self.version = version
        self.running: set[int] = set()
        self.queued: dict[int, RunRow] = {}
        self.backfill: BackfillRow | None = None  # the one that is open
        self.backfilling: set[int] = set()  # its runs among the running ones; they have a limit of their own
        # (run, task by its index in the graph) that wait for an earlier run.
        self.looking_back: set[tuple[int, int]] = set()

    @property
    def active(self) -> int:
        """Runs that count to the DAG's own limit."""
        return len(self.running) - len(self.backfilling) + len(self.own_queued())

    def own_queued(self) -> Collection[RunRow]:
        """Queued runs without those of the open backfill."""
        if self.backfill is None:
            return self.queued.values()
        return [run for run in self.queued.values() if run.backfill_pk != self.backfill.pk]

"""What a simulation has shown: runs, waits, the use of pools, the critical path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leoflow_runtime.domain.states import RunState
from leoflow_runtime.engine.graph import Graph, graph_of
from leoflow_runtime.engine.rows import RunRow
from leoflow_runtime.engine.simulator.simulation import Simulation, Stay


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One task of a critical path, in seconds. `waited`: ready, but without a slot."""

    task_id: str
    waited: float
    took: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RunForecast:
    """One run. `queued`: seconds between its time and its start; `waited`: of its tasks, for slots."""

    dag_id: str
    run_id: str
    run_after: datetime
    state: RunState
    start: datetime | None
    end: datetime | None
    queued: float
    waited: float
    critical_path: tuple[Step, ...]  # from the first task to the one that ended last


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolForecast:
    """`slots` -1: unlimited. `used`: the mean part of its slots that was taken; None where unlimited."""

    name: str
    slots: int
    peak: int
    used: float | None
    full_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitForecast:
    """A limit that held tasks back. `tasks`: how many times; seconds in all and of the longest."""

    name: str
    tasks: int
    seconds: float
    longest: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    start: datetime
    end: datetime
    runs: tuple[RunForecast, ...]  # in the order of their times
    pools: tuple[PoolForecast, ...]
    limits: tuple[LimitForecast, ...]  # the worst first
    tasks: int  # how many were started, retries included


def forecast(simulation: Simulation) -> Forecast:
    """Of all that has happened in it so far."""
    stays: dict[int, list[Stay]] = defaultdict(list)
    for stay in simulation.stays.values():
        stays[stay.run_pk].append(stay)
    tables = simulation.store.tables
    runs = sorted(tables["runs"].values(), key=lambda run: (run.run_after, run.pk))
    waits = simulation.waits.by_limit.items()
    limits = [
        LimitForecast(name=name, tasks=len(times), seconds=sum(times), longest=max(times))
        for name, times in waits
    ]
    return Forecast(
        start=simulation.start,
        end=simulation.now,
        runs=tuple(_run(simulation, run, stays[run.pk]) for run in runs),
        pools=tuple(_pools(simulation)),
        limits=tuple(sorted(limits, key=lambda limit: (-limit.seconds, limit.name))),
        tasks=len(simulation.stays),
    )


def _run(simulation: Simulation, run: RunRow, stays: Sequence[Stay]) -> RunForecast:
    began = run.start_date or simulation.now
    return RunForecast(
        dag_id=simulation.store.tables["dags"][run.dag_pk].dag_id,
        run_id=run.run_id,
        run_after=run.run_after,
        state=run.state,
        start=run.start_date,
        end=run.end_date,
        queued=max(0.0, (began - run.run_after).total_seconds()),
        waited=sum((stay.ordered - stay.ready).total_seconds() for stay in stays),
        critical_path=_critical_path(simulation, run, stays),
    )


def _critical_path(simulation: Simulation, run: RunRow, stays: Sequence[Stay]) -> tuple[Step, ...]:
    """Backwards from the task that ended last, each time to the upstream task that ended last."""
    if run.end_date is None:
        return ()
    graph = graph_of(simulation.store.tables["versions"][run.version_pk])
    last: dict[str, Stay] = {}
    first_ready: dict[str, datetime] = {}
    for stay in stays:
        first_ready.setdefault(stay.task_id, stay.ready)
        known = last.get(stay.task_id)
        if stay.ended is not None and (known is None or known.ended is None or known.ended <= stay.ended):
            last[stay.task_id] = stay
    waited: dict[str, float] = defaultdict(float)
    for stay in stays:
        waited[stay.task_id] += (stay.ordered - stay.ready).total_seconds()

    def end(task_id: str) -> datetime:
        return last[task_id].ended or simulation.start

    path: list[Step] = []
    candidates = set(last)
    while candidates:
        latest = max(candidates, key=lambda task_id: (end(task_id), task_id))
        in_all = (end(latest) - first_ready[latest]).total_seconds()
        path.append(Step(task_id=latest, waited=waited[latest], took=in_all - waited[latest]))
        # Tasks that start no process are passed through.
        candidates = _started_above(graph, latest, set(last))
    return tuple(reversed(path))


def _started_above(graph: Graph, task_id: str, started: set[str]) -> set[str]:
    """The nearest tasks above that had a process."""
    found: set[str] = set()
    pending = list(graph.parents_of[graph.index[task_id]])
    seen = set(pending)
    while pending:
        up = pending.pop()
        name = graph.specs[up].task_id
        if name in started:
            found.add(name)
            continue
        pending += [further for further in graph.parents_of[up] if further not in seen]
        seen.update(graph.parents_of[up])
    return found


def _pools(simulation: Simulation) -> list[PoolForecast]:
    names = {stay.pool for stay in simulation.stays.values()}
    slots_of = {name: slots for (_, name), slots in simulation.store.tables["pools"].items()}
    by_pool: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for stay in simulation.stays.values():
        by_pool[stay.pool].append((stay.ordered, stay.slots))
        by_pool[stay.pool].append((stay.ended or simulation.now, -stay.slots))
    return [
        _pool(name, slots_of.get(name, 0), sorted(by_pool[name]), simulation.now - simulation.start)
        for name in sorted(names)
    ]


def _pool(name: str, slots: int, changes: Sequence[tuple[datetime, int]], length: timedelta) -> PoolForecast:
    """`changes`: slots taken and given back, in order; what is given back at a moment comes first."""
    used = peak = 0
    taken = full = 0.0
    before = changes[0][0]
    for moment, change in changes:
        passed = (moment - before).total_seconds()
        taken += used * passed
        full += passed if slots >= 0 and used >= slots else 0.0
        before = moment
        used += change
        peak = max(peak, used)
    seconds = length.total_seconds()
    mean = taken / (slots * seconds) if slots > 0 and seconds > 0 else None
    return PoolForecast(name=name, slots=slots, peak=peak, used=mean, full_seconds=full)

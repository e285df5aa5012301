"""Random mapped DAGs under ends, clears and restarts: what counts say, a slow look at all rows says too."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.domain.trigger_rules import RULES, Decision, Tally, decide
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.live import LiveRun
from leoflow_runtime.engine.rows import TaskRow

from .machine import task
from .mapped_machine import MappedMachine

NAMES = ("a", "b", "c", "d", "e")
rules = st.sampled_from(sorted(set(RULES) - {"all_done_setup_success"}))
FAST = ("one_success", "one_failed", "one_done")


@st.composite
def dags(draw: st.DrawFn) -> dict[str, Any]:
    """Up to five tasks: plain ones, mapped ones, members of one mapped group; each below some before it."""
    over = draw(st.sampled_from([None, 0, 1, 2]))  # of the group: an output, or a literal of that length
    tasks: dict[str, dict[str, Any]] = {"source": task("source")}
    for name in NAMES[: draw(st.integers(2, 5))]:
        kind = draw(st.sampled_from(["plain", "mapped", "member"]))
        above = draw(st.lists(st.sampled_from(sorted(tasks)), unique=True, max_size=3))
        one = task(name, *above, trigger_rule=draw(rules))
        if kind == "mapped":
            what = draw(st.sampled_from([0, 1, 3, *(other for other in tasks)]))
            one["mapped"] = {"expand": {"x": list(range(what)) if isinstance(what, int) else {"$xcom": what}}}
            one["depends_on"] = sorted({*above, *([what] if isinstance(what, str) else [])})
        elif kind == "member":
            one["task_group"] = "g"
            if over is None:
                one["depends_on"] = sorted({*above, "source"})
        tasks[name] = one
    mapped = {"expand": {"x": {"$xcom": "source"} if over is None else list(range(over))}}
    return {"tasks": list(tasks.values()), "task_groups": [{"group_id": "g", "mapped": mapped}]}


Step = tuple[str, int, str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["end"] * 6 + ["clear", "clear one", "restart"]),
        st.integers(0, 100),
        st.sampled_from(["success"] * 4 + ["failed", "skipped"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(dags(), steps)
def test_counts_are_what_a_look_at_all_rows_gives(dag: dict[str, Any], wanted: list[Step]) -> None:
    machine = MappedMachine()
    machine.run_of(max_active_tasks=1000, **dag)
    machine.settle()
    for step in wanted:
        take(machine, step)
        machine.settle()
        check(machine, dag)
    for _ in range(200):
        if not launched(machine):
            break
        take(machine, ("end", 0, "success", 1))
        machine.settle()
    check(machine, dag)
    assert machine.run_state() in (RunState.SUCCESS, RunState.FAILED)


def launched(machine: MappedMachine) -> list[tuple[str, int]]:
    return [key for key, state in machine.shown().items() if state == "queued"]


def take(machine: MappedMachine, step: Step) -> None:
    what, chosen, outcome, left = step
    if what == "restart":
        machine.restart()
    elif what == "end" and (ready := launched(machine)):
        machine.end(*ready[chosen % len(ready)], outcome, value=left)
    elif what.startswith("clear"):
        keys = sorted(machine.shown())
        key = keys[chosen % len(keys)]
        run_id = machine.find_run().run_id
        asked = [key if what == "clear one" else key[0]]
        machine.apply(
            lambda tx: operations.clear_tasks(
                tx, dag_id="d", run_id=run_id, task_ids=asked, include_downstream=True
            )
        )
        for row in machine.instances().values():
            if row.state is TaskState.RESTARTING:
                machine.report(row.launch_id or 0, "cancelled")


def check(machine: MappedMachine, dag: dict[str, Any]) -> None:
    rows = machine.instances()
    live = machine.planner.runs.get(machine.find_run().pk)
    if live is None:
        assert machine.run_state() in (RunState.SUCCESS, RunState.FAILED)
        assert all(row.state is not None and row.state.is_terminal for row in rows.values())
        return
    fresh = LiveRun(live.run, live.version, sorted(rows.values(), key=lambda row: row.pk))
    assert live.unfinished == fresh.unfinished
    assert live.sizes == fresh.sizes
    specs = {one["task_id"]: one for one in dag["tasks"]}
    for (name, number), row in rows.items():
        index = live.index_of[row.pk]
        assert live.rows[index] == row
        if row.state is None:
            assert slowly(specs, dag["task_groups"][0]["mapped"], rows, name, number) is Decision.WAIT
            assert live.decide(index) is Decision.WAIT


def slowly(
    specs: dict[str, Any], group: dict[str, Any], rows: dict[tuple[str, int], TaskRow], name: str, number: int
) -> Decision:
    """What an instance has to do, from the states of all."""
    spec = specs[name]
    is_member = "task_group" in spec
    mapped = group if is_member else spec.get("mapped")
    over = (mapped or {}).get("expand", {}).get("x")
    if isinstance(over, dict):
        found = of_task(rows, over["$xcom"])
        alone = found.get(-1)
        if alone is not None and alone.state in (TaskState.FAILED, TaskState.UPSTREAM_FAILED):
            return Decision.UPSTREAM_FAIL
        if alone is not None and alone.state is TaskState.SKIPPED:
            return Decision.SKIP
        if any(row.state is None or not row.state.is_terminal for row in found.values()):
            return eagerly(specs, rows, name, number) if not (is_member and number < 0) else Decision.WAIT
    return eagerly(specs, rows, name, number, waits=False)


def eagerly(
    specs: dict[str, Any], rows: dict[tuple[str, int], TaskRow], name: str, number: int, *, waits: bool = True
) -> Decision:
    spec, tally, total = specs[name], Tally(), 0
    for up in spec["depends_on"]:
        found = of_task(rows, up)
        same = "task_group" in spec and "task_group" in specs[up] and spec["trigger_rule"] not in FAST
        if same and number >= 0 and -1 not in found:
            found = {number: found[number]}
        for row in found.values():
            total += 1
            if row.state is not None and row.state.is_terminal:
                tally.count(row.state)
    decision = decide(spec.get("trigger_rule", "all_success"), tally, total)
    return Decision.WAIT if waits and decision is Decision.RUN else decision


def of_task(rows: dict[tuple[str, int], TaskRow], name: str) -> dict[int, TaskRow]:
    """Its instances that count."""
    return {
        number: row
        for (other, number), row in rows.items()
        if other == name and row.state is not TaskState.REMOVED
    }

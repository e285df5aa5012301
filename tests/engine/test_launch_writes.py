"""What a step of a chain costs: statements, not milliseconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.batch import Batch, perform
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import Tx

from .machine import Machine, task


class Counting:
    """A transaction that counts what it is asked."""

    def __init__(self, tx: Tx, asked: Counter[str]) -> None:
        self._tx = tx
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tx, name)
        if callable(found):
            self._asked[name] += 1
        return found


def asked_by(machine: Machine, *operation: Callable[[Tx], Any]) -> dict[str, int]:
    asked: Counter[str] = Counter()
    batch = Batch(operations=operation)
    machine.store.write_now(
        lambda tx: perform(Counting(tx, asked), machine.planner, batch),  # type: ignore[arg-type]
        lease=machine.lease,
    )
    in_memory = ("announce", "take_announced")
    return {name: count for name, count in sorted(asked.items()) if name not in in_memory}


def finish(launch_id: int) -> Callable[[Tx], Any]:
    report = LaunchReport(launch_id=launch_id, outcome=Outcome.SUCCESS)
    return lambda tx: operations.finish_launch(tx, report)


def test_a_step_of_a_chain_reads_one_row_and_writes_four_times() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b", "a"), task("c", "b")])
    assert asked_by(machine, finish(machine.launch_of("a"))) == {
        "finish_launch": 1,
        "open_launches": 1,
        "savepoint": 1,
        "task_of_launch": 1,
        "update_tasks": 2,
    }


def test_finishing_many_writes_their_successors_together() -> None:
    machine = Machine()
    width = 20
    heads = [task(f"h{n}") for n in range(width)]
    machine.run_of(tasks=[*heads, *(task(f"t{n}", f"h{n}") for n in range(width))], max_active_tasks=1000)
    asked = asked_by(machine, *(finish(machine.launch_of(f"h{n}")) for n in range(width)))
    assert asked == {
        "finish_launch": width,
        "open_launches": 1,
        "savepoint": width,
        "task_of_launch": width,
        "update_tasks": width + 1,
    }


def test_what_is_at_rest_costs_nothing() -> None:
    machine = Machine()
    machine.register("resting", tasks=[task(f"t{n}") for n in range(50)], max_active_tasks=1)
    for _ in range(10):
        machine.trigger("resting")
    run = machine.run_of(tasks=[task("a"), task("b", "a")])
    assert sum(asked_by(machine, finish(machine.launch_of("a", run))).values()) == 6
    assert asked_by(machine) == {}

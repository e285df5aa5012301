"""Limits: who waits for whom, and who goes first."""

from __future__ import annotations

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.batch import Batch, perform

from .machine import Machine, task


def test_runs_beyond_max_active_runs_stay_queued_and_start_in_order() -> None:
    machine = Machine()
    machine.register(tasks=[task("a")], max_active_runs=1)
    first, second, third = (machine.trigger(run_id=name) for name in ("r1", "r2", "r3"))
    assert [machine.run_state(run) for run in (first, second, third)] == ["running", "queued", "queued"]
    machine.finish("a", run_id=first)
    assert [machine.run_state(run) for run in (first, second, third)] == ["success", "running", "queued"]


def test_max_active_tasks_counts_within_a_run() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a"), task("b"), task("c")], max_active_tasks=2)
    assert machine.states() == {"a": "queued", "b": "queued", "c": "scheduled"}
    machine.trigger(run_id="other")
    assert list(machine.states("other").values()) == ["queued", "queued", "scheduled"]


def test_the_most_urgent_task_takes_the_slot_that_is_freed() -> None:
    machine = Machine()
    machine.run_of(
        tasks=[
            task("first", priority_weight=9),
            task("low", priority_weight=1),
            task("high", priority_weight=5),
        ],
        max_active_tasks=1,
    )
    assert machine.ordered() == ["first"]
    machine.finish("first")
    assert machine.ordered() == ["high"]
    machine.finish("high")
    assert machine.ordered() == ["low"]


def test_a_task_weighs_what_hangs_below_it() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("alone"), task("head"), task("tail", "head")], max_active_tasks=1)
    assert machine.ordered() == ["head"]


def test_a_pool_limits_across_dags() -> None:
    machine = Machine()
    machine.store.tables["pools"][1, "db"] = 2
    tasks = [task("a", pool="db"), task("b", pool="db")]
    one = machine.run_of(dag_id="one", tasks=tasks)
    two = machine.run_of(dag_id="two", tasks=tasks)
    assert list(machine.states(one).values()) == ["queued", "queued"]
    assert list(machine.states(two).values()) == ["scheduled", "scheduled"]
    machine.finish("a", run_id=one)
    assert machine.states(two) == {"a": "queued", "b": "scheduled"}


def test_a_task_may_take_several_slots_and_does_not_block_smaller_ones() -> None:
    machine = Machine()
    machine.store.tables["pools"][1, "db"] = 2
    machine.run_of(
        tasks=[
            task("a", pool="db", priority_weight=9),
            task("big", pool="db", pool_slots=2, priority_weight=5),
            task("small", pool="db", priority_weight=1),
        ]
    )
    assert machine.states() == {"a": "queued", "big": "scheduled", "small": "queued"}
    machine.finish("small")
    machine.finish("a")
    assert machine.state("big") == "queued"


def test_a_pool_that_does_not_exist_holds_its_tasks_until_it_does() -> None:
    machine = Machine()
    machine.run_of(tasks=[task("a", pool="new")])
    assert machine.state("a") == "scheduled"
    machine.store.tables["pools"][1, "new"] = 1
    machine.apply(operations.announce_config)
    assert machine.state("a") == "queued"


def test_a_grown_pool_lets_more_through() -> None:
    machine = Machine()
    machine.store.tables["pools"][1, "db"] = 1
    machine.run_of(tasks=[task("a", pool="db"), task("b", pool="db")])
    assert list(machine.states().values()).count("queued") == 1
    machine.store.tables["pools"][1, "db"] = -1
    machine.apply(sweep=True)
    assert list(machine.states().values()) == ["queued", "queued"]


def test_max_active_tis_per_dag_and_per_run() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", max_active_tis_per_dag=1), task("b", max_active_tis_per_dagrun=1)])
    one, two = machine.trigger(run_id="one"), machine.trigger(run_id="two")
    assert machine.states(one) == {"a": "queued", "b": "queued"}
    assert machine.states(two) == {"a": "scheduled", "b": "queued"}
    machine.finish("a", run_id=one)
    assert machine.state("a", two) == "queued"


def test_a_paused_dag_starts_nothing_and_ends_what_runs() -> None:
    machine = Machine()
    run = machine.run_of(tasks=[task("a"), task("b", "a")])
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=True))
    machine.finish("a")
    assert machine.states() == {"a": "success", "b": "scheduled"}
    waiting = machine.trigger(run_id="later")
    assert machine.run_state(waiting) == "queued"
    machine.apply(lambda tx: operations.set_paused(tx, dag_id="d", is_paused=False))
    assert machine.state("b", run) == "queued"
    assert machine.run_state(waiting) == "running"


def test_a_full_way_to_the_executor_holds_tasks_back() -> None:
    machine = Machine(dispatch_limit=2)
    machine.run_of(tasks=[task("a"), task("b"), task("c")])
    assert machine.states() == {"a": "queued", "b": "queued", "c": "scheduled"}
    machine.apply()  # the machine tells that the two have been taken
    assert machine.state("c") == "queued"


def test_each_executor_has_a_way_of_its_own() -> None:
    machine = Machine(dispatch_limit=1)
    native = [task(name, execution_mode="inline") for name in ("x", "y")]
    machine.run_of(tasks=[task("a"), task("b"), *native])
    assert machine.states() == {"a": "queued", "b": "scheduled", "x": "queued", "y": "scheduled"}
    (_, taken) = machine.orders
    assert taken.is_native
    batch = Batch(dispatched=[taken.launch_id], ordered=machine.orders[:1])
    machine.store.write_now(lambda tx: perform(tx, machine.planner, batch), lease=machine.lease)
    assert machine.states() == {"a": "queued", "b": "scheduled", "x": "queued", "y": "queued"}


def test_a_slot_is_given_back_however_a_task_leaves() -> None:
    machine = Machine()
    machine.store.tables["pools"][1, "db"] = 1
    run = machine.run_of(tasks=[task("a", pool="db"), task("b", pool="db")])
    held, waiting = ("a", "b") if machine.state("a") == "queued" else ("b", "a")
    machine.start(held)
    machine.apply(lambda tx: operations.mark_task(tx, dag_id="d", run_id=run, task_id=held, state="success"))
    assert machine.state(waiting) == "queued"


def test_depends_on_past_waits_for_the_run_before() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", depends_on_past=True), task("b", "a")])
    one = machine.trigger(run_id="one", logical_date=machine.now)
    machine.now = machine.now.replace(hour=13)
    two = machine.trigger(run_id="two", logical_date=machine.now)
    assert machine.states(two) == {"a": None, "b": None}
    machine.finish("a", run_id=one)
    assert machine.state("a", two) == "queued"


def test_depends_on_past_goes_on_when_somebody_marks_the_past_as_good() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", depends_on_past=True)])
    one = machine.trigger(run_id="one", logical_date=machine.now)
    machine.now = machine.now.replace(hour=13)
    two = machine.trigger(run_id="two", logical_date=machine.now)
    machine.finish("a", "failed", run_id=one)
    assert machine.state("a", two) is None
    machine.apply(lambda tx: operations.mark_task(tx, dag_id="d", run_id=one, task_id="a", state="success"))
    assert machine.state("a", two) == "queued"


def test_wait_for_downstream_waits_for_the_children_too() -> None:
    machine = Machine()
    machine.register(tasks=[task("a", wait_for_downstream=True), task("b", "a")])
    one = machine.trigger(run_id="one", logical_date=machine.now)
    machine.now = machine.now.replace(hour=13)
    two = machine.trigger(run_id="two", logical_date=machine.now)
    machine.finish("a", run_id=one)
    assert machine.state("a", two) is None
    machine.finish("b", run_id=one)
    assert machine.state("a", two) == "queued"

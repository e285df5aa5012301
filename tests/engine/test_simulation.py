"""The engine on virtual time: a year in seconds, the same each time, and what it says about limits."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leoflow_runtime.engine.simulator import Durations, DurationsInvalid, Simulation, forecast
from leoflow_runtime.engine.simulator.forecasting import LimitForecast, PoolForecast

from .machine import document, task
from .mapped_machine import mapped

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
# On a machine that does nothing else a tenth of this; it bounds an accident, such as work squared.
PATIENCE = 60.0


def simulated(*documents: dict[str, Any], days: float = 1, **settings: Any) -> Simulation:
    durations = Durations.from_document(settings.pop("durations", {}))
    simulation = Simulation(start=MONDAY, durations=durations, **settings)
    for one in documents:
        simulation.register(one)
    simulation.run(MONDAY + timedelta(days=days))
    return simulation


def states(simulation: Simulation) -> Counter[str]:
    return Counter(str(run.state) for run in simulation.store.tables["runs"].values())


def test_a_daily_dag_runs_once_a_day_from_the_first_slot_that_is_due() -> None:
    daily = document(
        tasks=[task("a"), task("b", "a")], schedule="0 6 * * *", start_date="2020-01-01", catchup=True
    )
    shown = forecast(simulated(daily, days=7, durations={"a": 600, "b": 1200}))
    assert [run.run_after for run in shown.runs] == [
        MONDAY + timedelta(days=day, hours=6) for day in range(7)
    ]
    assert {(run.end - run.start).total_seconds() for run in shown.runs if run.end and run.start} == {1800}
    assert {str(run.state) for run in shown.runs} == {"success"}


def test_a_year_of_hours_is_simulated_in_seconds() -> None:
    hourly = document(
        tasks=[task("a"), task("b", "a", depends_on_past=True)],
        schedule="@hourly",
        schedule_timezone="Europe/Berlin",
    )
    began = time.process_time()
    simulation = simulated(hourly, days=365, durations={"*": 900})
    assert states(simulation) == {"success": 365 * 24, "running": 1}
    assert time.process_time() - began < PATIENCE


@pytest.mark.parametrize("depth", [20, *([100] if "CHAOS_ROUNDS" in os.environ else [])])
@pytest.mark.chaos
def test_tens_of_thousands_of_tasks_are_simulated_in_seconds(depth: int) -> None:
    width = 1000
    tasks = [
        task(f"t{level}_{column}", *([f"t{level - 1}_{column}"] if level else []))
        for level in range(depth)
        for column in range(width)
    ]
    wide = document(tasks=tasks, max_active_tasks=width)
    simulation = Simulation(start=MONDAY, pools={"default_pool": -1}, dispatch_limit=width)
    simulation.register(wide)
    began = time.process_time()
    simulation.trigger("d")
    simulation.run(MONDAY + timedelta(minutes=depth))
    assert states(simulation) == {"success": 1}
    assert len(simulation.stays) == width * depth
    assert time.process_time() - began < PATIENCE


def test_the_same_seed_gives_the_same_history() -> None:
    tasks = [task("a", retries=3, retry_delay_seconds=60), task("b", "a"), task("c", "a")]
    hourly = document(tasks=tasks, schedule="@hourly")
    durations = {"a": {"seconds": [60, 7200], "fails": 0.3}, "*": [10, 20]}
    first, second = (forecast(simulated(hourly, days=3, durations=durations)) for _ in range(2))
    assert first == second
    assert {str(run.state) for run in first.runs} >= {"success", "failed"} or first.tasks > 3 * 72


def test_a_pool_that_is_too_small_shows_in_waits_and_use() -> None:
    dags = [document(name, tasks=[task("load", pool="db")], schedule="0 6 * * *") for name in ("one", "two")]
    shown = forecast(simulated(*dags, durations={"load": 3600}, pools={"db": 1}))
    assert shown.pools == (
        PoolForecast(name="db", slots=1, peak=1, used=pytest.approx(2 / 24), full_seconds=7200),
    )
    assert shown.limits == (LimitForecast(name="pool db", tasks=1, seconds=3600, longest=3600),)
    assert sorted(run.waited for run in shown.runs) == [0, 3600]


def test_runs_that_overtake_their_interval_queue_up_behind_max_active_runs() -> None:
    hourly = document(tasks=[task("slow")], schedule="@hourly", max_active_runs=1, catchup=True)
    shown = forecast(simulated(hourly, days=0.25, durations={"slow": 5400}))
    ended = [run for run in shown.runs if run.end is not None]
    assert [run.queued for run in ended] == [0, 1800, 3600, 5400]


def test_the_critical_path_is_the_chain_that_ended_last() -> None:
    tasks = [task("a"), task("quick", "a"), task("slow", "a"), task("gate", "slow", "quick", type="empty")]
    tasks.append(task("end", "gate"))
    dag = document(tasks=tasks, schedule="@daily")
    shown = forecast(simulated(dag, durations={"a": 10, "quick": 20, "slow": 300, "end": 5}, days=0.5))
    (run,) = shown.runs
    assert [(step.task_id, step.took) for step in run.critical_path] == [("a", 10), ("slow", 300), ("end", 5)]


def test_a_task_that_exceeds_its_timeout_fails_then() -> None:
    dag = document(tasks=[task("a", execution_timeout_seconds=60)], schedule="@daily")
    (run,) = forecast(simulated(dag, durations={"a": 3600}, days=0.5)).runs
    assert (str(run.state), run.end) == ("failed", MONDAY + timedelta(seconds=60))


def test_a_mapped_task_has_as_many_instances_as_the_list_is_long() -> None:
    dag = document(tasks=[task("list"), mapped("each", over="list")], schedule="@daily")
    simulation = simulated(dag, durations={"list": {"seconds": 1, "length": 5}, "*": 60}, days=0.5)
    assert sorted(stay.map_index for stay in simulation.stays.values()) == [-1, 0, 1, 2, 3, 4]
    assert states(simulation) == {"success": 1}


def test_what_takes_long_to_start_takes_its_slot_meanwhile() -> None:
    dag = document(tasks=[task("a"), task("b", "a")], schedule="@daily")
    (run,) = forecast(simulated(dag, durations={"*": 60}, start_seconds=10, days=0.5)).runs
    assert run.end == MONDAY + timedelta(seconds=140)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], 'durations are a JSON object such as {"load": 90, "*": 30}'),
        ({"a": -1}, "'a' takes seconds, or [shortest, longest]"),
        ({"a": [3, 1]}, "'a' takes seconds, or [shortest, longest]"),
        ({"a": "soon"}, "'a' takes seconds, or [shortest, longest]"),
        ({"a": {"fails": 0.1}}, "'a' takes `seconds`, `fails` and `length`, as in {\"seconds\": 60}"),
        ({"a": {"seconds": 1, "length": 0.5}}, "`length` of 'a' is a whole number, such as 10"),
        ({"a": {"seconds": 1, "fails": 2}}, "`fails` of 'a' is a part of 1, such as 0.1"),
    ],
)
def test_durations_that_say_nothing_are_refused(given: Any, why: str) -> None:
    with pytest.raises(DurationsInvalid) as caught:
        Durations.from_document(given)
    assert str(caught.value) == why


def test_the_most_exact_name_counts() -> None:
    durations = Durations.from_document({"d.a": 1, "a": 2, "*": 3})
    names = [("d", "a"), ("other", "a"), ("d", "b")]
    found = [
        durations.of(dag_id=dag, run_id="r", task_id=name, map_index=-1, try_number=1).seconds
        for dag, name in names
    ]
    assert found == [1, 2, 3]
    assert durations.unknown({"d", "d.b", "b"}) == ["a", "d.a"]

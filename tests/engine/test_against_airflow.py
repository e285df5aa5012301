"""Random DAGs with scripted tasks end as they end in Airflow 3.2.2 (`tests/oracle/record_dags.py`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.graph import Graph

from .machine import Machine, document

PLAYED: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracle" / "dags.jsonl").read_text("utf-8").splitlines()
]


def play(machine: Machine, case: dict[str, Any]) -> list[str]:
    """One task at a time, of those that are launched the first in `order`. Returns who ran, in order."""
    tasks = [{"retry_delay_seconds": 0, **task} for task in case["tasks"]]
    machine.run_of(tasks=tasks, fail_fast=case["fail_fast"])
    ran: list[str] = []
    while True:
        machine.wait(0)
        launched = [name for name in case["order"] if machine.state(name) == "queued"]
        if not launched:
            return ran
        name = launched[0]
        ran.append(name)
        machine.start(name)
        outcomes = case["script"][name]
        outcome = outcomes[min(machine.rows()[name].try_number, len(outcomes)) - 1]
        if isinstance(outcome, str):
            machine.finish(name, outcome)
            continue
        machine.finish(
            name,
            "success",
            skip_task_ids=tuple(outcome["skip"]),
            skip_ignores_trigger_rules=outcome["everything"],
        )


@pytest.mark.parametrize("case", PLAYED, ids=lambda case: f"seed {case['seed']}")
def test_it_ends_as_in_airflow(case: dict[str, Any]) -> None:
    machine = Machine()
    ran = play(machine, case)
    expected = case["airflow"]
    assert machine.states() == expected["states"]
    assert (str(machine.run_state()), ran) == (expected["run"], expected["ran"])


@pytest.mark.parametrize("case", PLAYED, ids=lambda case: f"seed {case['seed']}")
def test_its_priorities_are_airflows(case: dict[str, Any]) -> None:
    graph = Graph(DagSpec.from_document(document(tasks=case["tasks"])))
    weights = {spec.task_id: weight for spec, weight in zip(graph.specs, graph.weights, strict=True)}
    assert weights == case["airflow"]["weights"]


CLEARED = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracle" / "clear.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("case", CLEARED, ids=lambda case: f"seed {case['seed']}")
def test_a_clear_takes_along_what_airflow_takes(case: dict[str, Any]) -> None:
    machine = Machine()
    run_id = machine.run_of(tasks=PLAYED[case["seed"]]["tasks"])
    for asked, expected in case["taken"].items():
        task_id, _, wish = asked.partition(" ")
        rows = machine.apply(
            lambda tx, task_id=task_id, wish=wish: operations.clear_tasks(
                tx,
                dag_id="d",
                run_id=run_id,
                task_ids=[task_id],
                include_upstream="u" in wish,
                include_downstream="d" in wish,
                dry_run=True,
            )
        )
        assert sorted(row.task_id for row in rows) == expected, asked

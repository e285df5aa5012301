"""Random DAGs with mapped tasks and groups end as in Airflow 3.2.2 (`tests/oracle/record_mapped.py`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from .mapped_machine import MappedMachine

PLAYED: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracle" / "mapped.jsonl").read_text("utf-8").splitlines()
]
ENDED = ("success", "failed", "skipped", "upstream_failed")


def play(machine: MappedMachine, case: dict[str, Any]) -> list[list[Any]]:
    """One instance at a time, of those that are launched the first by `order`. Returns who ran, in order."""
    machine.run_of(tasks=case["tasks"], task_groups=case["task_groups"], max_active_tasks=1000)
    said = {(name, number): (outcome, left) for name, number, outcome, left in case["ran"]}
    ran: list[list[Any]] = []
    while True:
        machine.settle()
        launched = [
            (case["order"].index(name), number, name)
            for (name, number), state in machine.shown().items()
            if state == "queued"
        ]
        if not launched:
            return ran
        _, number, name = min(launched)
        outcome, left = said.get((name, number), ("success", 1))
        ran.append([name, number, outcome, left])
        machine.end(name, number, outcome, value=left)


def by_task(states: Iterable[list[Any]]) -> dict[str, Any]:
    """A task whose instances ended alike ended so, with instances or without: see ADR 0011."""
    found: dict[str, dict[int, str]] = {}
    for name, number, state in states:
        found.setdefault(name, {})[number] = state
    return {name: next(iter(of.values())) if len(set(of.values())) == 1 else of for name, of in found.items()}


@pytest.mark.parametrize("case", PLAYED, ids=lambda case: f"seed {case['seed']}")
def test_it_ends_as_in_airflow(case: dict[str, Any]) -> None:
    machine = MappedMachine()
    ran = play(machine, case)
    states = [[name, number, state] for (name, number), state in machine.shown().items()]
    assert by_task(states) == by_task(case["states"])
    assert ran == case["ran"]
    assert str(machine.run_state()) == case["run"]

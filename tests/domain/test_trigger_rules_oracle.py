"""Every trigger rule over all ways that up to four upstream tasks can stand: as Airflow 3.2.2 decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.domain.trigger_rules import RULES, Decision, Tally, decide

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "oracle" / "trigger_rules.json").read_text("utf-8")
)
CASES: list[str] = RECORDED["upstream"].split()
STATES = {
    "s": TaskState.SUCCESS,
    "f": TaskState.FAILED,
    "u": TaskState.UPSTREAM_FAILED,
    "k": TaskState.SKIPPED,
    "r": TaskState.REMOVED,
}
LETTERS = {Decision.WAIT: "w", Decision.RUN: "r", Decision.SKIP: "k", Decision.UPSTREAM_FAIL: "u"}


def decide_on(rule: str, marks: str) -> str:
    tally = Tally()
    for mark in marks:
        if mark.lower() in STATES:
            tally.count(STATES[mark.lower()], is_setup=mark.isupper())
    setups = sum(mark.isupper() or mark == ":" for mark in marks)
    return LETTERS[decide(rule, tally, len(marks), setups)]


def test_airflow_knows_the_same_rules() -> None:
    assert set(RECORDED["answers"]) == set(RULES)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_airflow_decides_the_same(rule: str) -> None:
    differing = {
        marks: (ours, theirs)
        for marks, theirs in zip(CASES, RECORDED["answers"][rule], strict=True)
        if (ours := decide_on(rule, marks)) != theirs
    }
    assert not differing, f"upstream: (ours, Airflow's): {dict(list(differing.items())[:20])}"

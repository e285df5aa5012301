"""Asks Airflow's TriggerRuleDep what a task does, for every rule and every way that its upstream stands.

One letter per upstream task: s success, f failed, u upstream_failed, k skipped, r removed, "." not ended;
capitals (and ":") are setups. One letter per answer: w wait, r run, k skipped, u upstream_failed.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.task.trigger_rule import TriggerRule
from airflow.ti_deps.dep_context import DepContext
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep

STATES = {"s": "success", "f": "failed", "u": "upstream_failed", "k": "skipped", "r": "removed"}
MARKS = "sfukr.SFUKR:"
ANSWERS = {"skipped": "k", "upstream_failed": "u"}


def upstream_of(marks: str) -> list[Any]:
    return [
        SimpleNamespace(
            task_id=f"u{n}", is_setup=not mark.islower() and mark != ".", get_needs_expansion=bool
        )
        for n, mark in enumerate(marks)
    ]


def answer(rule: str, marks: str) -> str:
    above = upstream_of(marks)
    ended = [
        SimpleNamespace(task_id=task.task_id, task=task, state=STATES[mark.lower()], map_index=-1)
        for task, mark in zip(above, marks, strict=True)
        if mark.lower() in STATES
    ]
    task = SimpleNamespace(
        upstream_task_ids={one.task_id for one in above},
        upstream_list=above,
        trigger_rule=TriggerRule(rule),
        is_teardown=False,
        task_group=None,
        dag=None,
        get_closest_mapped_task_group=lambda: None,
        get_upstreams_only_setups=list,
    )
    given: list[str] = []

    def set_state(state: Any, session: Any) -> bool:
        given.append(str(getattr(state, "value", state)))
        return True

    ti = SimpleNamespace(task=task, map_index=-1, get_dagrun=lambda session: None, set_state=set_state)
    context = DepContext(flag_upstream_failed=True, finished_tis=ended)
    statuses = list(TriggerRuleDep()._get_dep_statuses(ti, None, context))
    # A state that was set counts, whatever the statuses say: the scheduler looks at it after them.
    if given:
        return ANSWERS[given[0]]
    return "r" if all(status.passed for status in statuses) else "w"


def main() -> None:
    cases = [
        "".join(marks)
        for width in range(1, 5)
        for marks in itertools.combinations_with_replacement(MARKS, width)
    ]
    answers = {rule.value: "".join(answer(rule.value, marks) for marks in cases) for rule in TriggerRule}
    path = Path(__file__).with_name("trigger_rules.json")
    path.write_text(json.dumps({"upstream": " ".join(cases), "answers": answers}, indent=1) + "\n")


if __name__ == "__main__":
    main()

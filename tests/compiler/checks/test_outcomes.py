"""What is said never to run never runs, whatever ends the tasks above have."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from leoflow_compiler.checks.outcomes import that_can_run
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.domain.trigger_rules import RULES, Decision, Tally, decide

ENDS = (TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED)
COUNT = 5
NAMES = [f"t{number}" for number in range(COUNT)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, str]]:
    upstream = {
        name: sorted(draw(st.sets(st.sampled_from(NAMES[:number]), max_size=3))) if number else []
        for number, name in enumerate(NAMES)
    }
    rules = {name: draw(st.sampled_from(sorted(RULES))) for name in NAMES}
    return upstream, rules


def every_run(upstream: dict[str, list[str]], rules: dict[str, str], skips: list[frozenset[str]]) -> set[str]:
    """The tasks that run in any history: all ends of all tasks, all choices of the branch `t0`."""
    found: set[str] = set()
    for skipped, ends in product([None, *skips], product(ENDS, repeat=COUNT)):
        states: dict[str, TaskState] = {}
        for name, end in zip(NAMES, ends, strict=True):
            tally = Tally()
            for one in upstream[name]:
                tally.count(states[one])
            decision = decide(rules[name], tally, len(upstream[name]))
            if name == "t0" and skipped is not None:
                end = TaskState.SUCCESS
            elif name == "t0" and end is TaskState.SUCCESS:
                end = TaskState.FAILED
            if skipped is not None and name in skipped:
                states[name] = TaskState.SKIPPED
            elif decision is Decision.RUN:
                found.add(name)
                states[name] = end
            elif decision is Decision.UPSTREAM_FAIL:
                states[name] = TaskState.UPSTREAM_FAILED
            else:
                states[name] = TaskState.SKIPPED
    return found


@given(graphs(), st.lists(st.frozensets(st.sampled_from(NAMES[1:])), min_size=1, max_size=3))
def test_nothing_that_can_run_is_said_not_to(
    graph: tuple[dict[str, list[str]], dict[str, str]], skips: list[frozenset[str]]
) -> None:
    upstream, rules = graph
    below = {name for name in NAMES if "t0" in upstream[name]}
    choices = [skip & below for skip in skips]
    said = that_can_run(NAMES, upstream, rules, {"t0": choices})
    assert said is not None
    assert every_run(upstream, rules, choices) <= said


def test_a_join_after_ways_that_exclude_each_other_never_runs() -> None:
    upstream = {"branch": [], "left": ["branch"], "right": ["branch"], "join": ["left", "right"]}
    rules = dict.fromkeys(upstream, "all_success")
    ways = {"branch": [frozenset({"left"}), frozenset({"right"})]}
    assert that_can_run(list(upstream), upstream, rules, ways) == {"branch", "left", "right"}
    rules["join"] = "none_failed_min_one_success"
    assert that_can_run(list(upstream), upstream, rules, ways) == set(upstream)


def test_too_many_ways_are_not_looked_at() -> None:
    branches = [f"b{number}" for number in range(12)]
    upstream: dict[str, list[str]] = {name: [] for name in branches}
    ways = {name: [frozenset[str]()] for name in branches}
    assert that_can_run(branches, upstream, dict.fromkeys(branches, "all_success"), ways) is None

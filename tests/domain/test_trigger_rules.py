"""Every trigger rule, as a table: how the upstream tasks stand, and what follows.

s success, f failed, u upstream_failed, k skipped, . not ended yet; capitals are setups. `fail`: becomes
upstream_failed.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.domain.trigger_rules import RULES, Decision, Tally, decide

STATES = {
    "s": TaskState.SUCCESS,
    "f": TaskState.FAILED,
    "u": TaskState.UPSTREAM_FAILED,
    "k": TaskState.SKIPPED,
}

TABLE = """
all_success                  ..:wait ss:run s.:wait f.:fail u.:fail k.:skip fk:fail sk:skip
all_failed                   ..:wait ff:run fu:run f.:wait s.:skip k.:skip fs:skip
all_done                     ..:wait sf:run s.:wait kk:run uu:run
all_done_min_one_success     ..:wait ss:run sf:run s.:wait ff:fail uu:fail k.:skip sk:skip
all_done_setup_success       ..:wait ss:run ff:run S.:wait Sf:run Ff:fail Ks:skip Us:fail SF:run kk:run
all_skipped                  ..:wait kk:run k.:wait s.:skip f.:skip u.:skip
one_success                  ..:wait s.:run f.:wait ff:fail kk:skip fk:fail sf:run uu:fail
one_failed                   ..:wait f.:run u.:run s.:wait ss:skip kk:skip sk:skip sf:run
one_done                     ..:wait s.:run f.:run k.:wait kk:skip uu:skip uk:skip
none_failed                  ..:wait ss:run sk:run kk:run s.:wait f.:fail u.:fail
none_failed_min_one_success  ..:wait ss:run sk:run kk:skip s.:wait f.:fail k.:wait
none_skipped                 ..:wait ss:run sf:run s.:wait k.:skip fu:run
always                       ..:run  ss:run f.:run
"""

CASES = [
    (line.split()[0], *case.split(":")) for line in TABLE.strip().splitlines() for case in line.split()[1:]
]


def tally_of(marks: str) -> Tally:
    tally = Tally()
    for mark in marks:
        if mark != ".":
            tally.count(STATES[mark.lower()], is_setup=mark.isupper())
    return tally


def decide_on(rule: str, marks: str) -> Decision:
    return decide(rule, tally_of(marks), len(marks), sum(mark.isupper() for mark in marks))


@pytest.mark.parametrize(("rule", "marks", "expected"), CASES)
def test_the_table(rule: str, marks: str, expected: str) -> None:
    assert decide_on(rule, marks).value.removeprefix("upstream_") == expected


def test_the_table_names_every_rule() -> None:
    assert {rule for rule, _, _ in CASES} == set(RULES)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_task_without_upstream_runs(rule: str) -> None:
    assert decide(rule, Tally(), 0) is Decision.RUN


@pytest.mark.parametrize("rule", sorted(RULES))
def test_once_every_upstream_has_ended_no_rule_waits(rule: str) -> None:
    for width in (1, 2, 3):
        for marks in product("sfukSFUK", repeat=width):
            assert decide_on(rule, "".join(marks)) is not Decision.WAIT


@pytest.mark.parametrize("rule", sorted(RULES))
def test_what_is_decided_early_stays_decided(rule: str) -> None:
    """Only all_success and its like may turn a skip into a failure, when a failure follows a skip."""
    for marks in product("sfuk.", repeat=3):
        early = decide_on(rule, "".join(marks))
        if early in (Decision.WAIT, Decision.SKIP) or "." not in marks:
            continue
        for fill in product("sfuk", repeat=marks.count(".")):
            filling = iter(fill)
            full = "".join(next(filling) if mark == "." else mark for mark in marks)
            assert decide_on(rule, full) is early, (marks, full)


@given(st.lists(st.tuples(st.sampled_from("sfuk"), st.booleans()), max_size=12))
def test_counting_back_gives_what_was_there(ended: list[tuple[str, bool]]) -> None:
    tally = Tally()
    for mark, is_setup in ended:
        tally.count(STATES[mark], is_setup=is_setup)
    assert tally.done == len(ended)
    for mark, is_setup in reversed(ended):
        tally.count(STATES[mark], -1, is_setup=is_setup)
    assert tally == Tally()

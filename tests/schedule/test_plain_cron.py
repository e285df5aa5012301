"""What is told without croniter is what croniter reads."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_runtime.schedule.cron import Cron
from leoflow_runtime.schedule.plain_cron import is_plain

numbers = st.integers(0, 65).map(str)
parts = st.one_of(
    st.just("*"),
    numbers,
    st.tuples(numbers, numbers).map("-".join),
    st.tuples(st.sampled_from(["*", "0-9", "5", "1-65"]), numbers).map("/".join),
)
fields = st.lists(parts, min_size=1, max_size=3).map(",".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(fields, min_size=4, max_size=6).map(" ".join))
def test_croniter_reads_every_plain_expression(expression: str) -> None:
    if is_plain(expression):
        Cron(expression, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "expression", ["* * * * *", "0 6 * * 1-5", "*/15 0,12 1-28 * *", "30 4 28 2 *", "5 0 * 8 6"]
)
def test_ordinary_expressions_are_plain(expression: str) -> None:
    assert is_plain(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "@daily",
        "* * * *",
        "60 * * * *",
        "0 0 30 2 *",
        "0 0 L * *",
        "0 0 * * mon",
        "*/0 * * * *",
        "9-5 * * * *",
    ],
)
def test_of_others_nothing_is_said(expression: str) -> None:
    assert not is_plain(expression)

"""How long a task waits between tries."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.retries import MAX_RETRY_DELAY_SECONDS, jitter_key, may_retry, retry_delay_seconds


def spec(**fields: object) -> TaskSpec:
    return TaskSpec(task_id="t", type="python", **fields)  # type: ignore[arg-type]


def test_without_backoff_the_delay_is_the_same_each_time() -> None:
    task = spec(retry_delay_seconds=7.5)
    assert [retry_delay_seconds(task, key="k", try_number=n) for n in (1, 2, 9)] == [7.5, 7.5, 7.5]


@pytest.mark.parametrize(("try_number", "least"), [(1, 10), (2, 20), (3, 40), (4, 80)])
def test_with_backoff_it_lies_between_once_and_twice_the_power(try_number: int, least: int) -> None:
    task = spec(retry_delay_seconds=10, retry_exponential_backoff=2)
    assert least <= retry_delay_seconds(task, key="k", try_number=try_number) < 2 * least


def test_the_jitter_is_the_same_for_the_same_task_and_differs_between_tasks() -> None:
    task = spec(retry_delay_seconds=1000, retry_exponential_backoff=2)
    delays = {key: retry_delay_seconds(task, key=key, try_number=3) for key in "abcdefgh"}
    assert delays == {key: retry_delay_seconds(task, key=key, try_number=3) for key in "abcdefgh"}
    assert len(set(delays.values())) > 4


@given(
    delay=st.floats(0, 1e6),
    multiplier=st.floats(1.1, 50),
    try_number=st.integers(1, 10_000),
    cap=st.one_of(st.none(), st.floats(1, 1e6)),
)
def test_no_delay_passes_the_cap(delay: float, multiplier: float, try_number: int, cap: float | None) -> None:
    task = spec(retry_delay_seconds=delay, retry_exponential_backoff=multiplier, max_retry_delay_seconds=cap)
    found = retry_delay_seconds(task, key="k", try_number=try_number)
    assert 1 <= found <= min(MAX_RETRY_DELAY_SECONDS, cap or MAX_RETRY_DELAY_SECONDS)


@pytest.mark.parametrize(
    ("retries", "try_number", "max_tries", "expected"),
    [(0, 1, 0, False), (1, 1, 1, True), (1, 2, 1, False), (1, 2, 2, True)],
)
def test_who_may_try_again(retries: int, try_number: int, max_tries: int, expected: bool) -> None:
    assert may_retry(spec(retries=retries), try_number, max_tries) is expected


RECORDED = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracle" / "retries.jsonl").read_text("utf-8").splitlines()
]


def test_airflow_waits_as_long() -> None:
    """Its formula and its jitter, over delays, multipliers, caps and tries (`oracle/record_retries.py`)."""
    for case in RECORDED:
        date = case["logical_date"] and datetime.fromisoformat(case["logical_date"])
        task = spec(
            retry_delay_seconds=case["retry_delay_seconds"],
            retry_exponential_backoff=case["retry_exponential_backoff"],
            max_retry_delay_seconds=case["max_retry_delay_seconds"],
        )
        key = jitter_key("d", case["task_id"], date)
        ours = {n: retry_delay_seconds(task, key=key, try_number=int(n)) for n in case["delays"]}
        assert ours == case["delays"], case

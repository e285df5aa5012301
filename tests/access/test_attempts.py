"""Guessing passwords is slow, for each client and for each user."""

from __future__ import annotations

from leoflow_server.access.attempts import Attempts


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def attempts(clock: Clock, **settings: int) -> Attempts:
    return Attempts(burst=3, refill_seconds=10, clock=clock, **settings)


def test_a_burst_is_allowed_then_one_at_a_time() -> None:
    clock = Clock()
    tries = attempts(clock)
    assert [tries.wait_seconds("ann") for _ in range(4)] == [0, 0, 0, 10]
    clock.now = 10
    assert [tries.wait_seconds("ann") for _ in range(2)] == [0, 10]


def test_each_name_counts_and_a_refusal_costs_nothing() -> None:
    clock = Clock()
    tries = attempts(clock)
    for _ in range(3):
        assert tries.wait_seconds("client a", "user ann") == 0
    assert tries.wait_seconds("client b", "user ann") == 10
    # Client b was only held up by ann's bucket.
    assert [tries.wait_seconds("client b", "user bob") for _ in range(3)] == [0, 0, 0]


def test_a_success_starts_afresh() -> None:
    tries = attempts(Clock())
    for _ in range(3):
        tries.wait_seconds("ann")
    tries.forget("ann")
    assert tries.wait_seconds("ann") == 0


def test_memory_is_bounded() -> None:
    tries = attempts(Clock(), remembered=2)
    for name in ("a", "b", "c"):
        tries.wait_seconds(name)
    assert len(tries._buckets) == 2

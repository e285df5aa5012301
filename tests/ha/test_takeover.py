"""The planner dies, sleeps or leaves under load: another replica goes on, and nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.driving import until
from tests.chaos.ledger import DAG, WIDTH
from tests.ha.replicas import Replicas, begin, replicas

pytestmark = [pytest.mark.alone, pytest.mark.chaos, pytest.mark.timeout(600)]
# A small share runs with every `make test`; `make chaos` runs more seeds.
SEEDS = range(int(os.environ.get("CHAOS_ROUNDS", "1")))
TAKE_OVER_SECONDS = 5.0


def takes_over(cluster: Replicas, from_pid: int) -> tuple[object, float]:
    """The next planner, and how many seconds it took."""
    began = time.monotonic()
    found = until(
        lambda: (now := cluster.planner()) is not None and now.pid != from_pid and now, "a new planner"
    )
    return found, time.monotonic() - began


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planner_is_killed(folder: Path, empty_postgresql: str, seed: int) -> None:
    dice = random.Random(seed)
    with replicas(folder, empty_postgresql) as cluster:
        cluster.deploy("fan_out", DAG)
        planner = until(cluster.planner, "a planner")
        other = next(one for one in cluster.members if one is not planner)
        fan_out = begin(cluster, other, pause=dice.choice([0.1, 0.5, 1.0]))
        reached = dice.randrange(1, WIDTH // 2)
        until(lambda: fan_out.started() >= reached, f"{reached} tasks have begun")

        planner.kill()
        successor, seconds = takes_over(cluster, planner.pid)

        assert successor is other
        assert seconds < TAKE_OVER_SECONDS
        fan_out.assert_each_ran_once()
        assert other.log("fan_out", fan_out.run_id, "work").count("task 0 did its work") == 1


def test_a_planner_that_slept_writes_nothing(folder: Path, empty_postgresql: str) -> None:
    with replicas(folder, empty_postgresql) as cluster:
        cluster.deploy("fan_out", DAG)
        planner = until(cluster.planner, "a planner")
        other = next(one for one in cluster.members if one is not planner)
        fan_out = begin(cluster, other, pause=0.5)
        until(lambda: fan_out.started() >= 3, "three tasks have begun")

        planner.signal(signal.SIGSTOP)
        successor, seconds = takes_over(cluster, planner.pid)
        epoch = cluster.epoch()
        assert successor is other
        assert seconds < TAKE_OVER_SECONDS + 1  # it may have slept in the middle of a transaction
        fan_out.assert_each_ran_once()

        planner.signal(signal.SIGCONT)
        until(lambda: "stands by" in planner.said, "the sleeper knows that it was succeeded")
        assert cluster.epoch() == epoch
        again = begin(cluster, planner, pause=0.1)
        again.assert_each_ran_once()


def test_a_planner_that_leaves_hands_over_at_once(folder: Path, empty_postgresql: str) -> None:
    with replicas(folder, empty_postgresql) as cluster:
        cluster.deploy("fan_out", DAG)
        planner = until(cluster.planner, "a planner")
        other = next(one for one in cluster.members if one is not planner)
        fan_out = begin(cluster, other, pause=0.5)
        until(lambda: fan_out.started() >= 3, "three tasks have begun")

        planner.signal(signal.SIGTERM)
        successor, seconds = takes_over(cluster, planner.pid)

        assert successor is other
        assert seconds < 2.0
        fan_out.assert_each_ran_once()

"""kill -9 in the middle of a fan-out: of the server, of the agent, of both."""

from __future__ import annotations

import os
import random

import pytest

from tests.acceptance.driving import Machine, until
from tests.chaos.ledger import DAG, WIDTH, begin

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
# A small, seeded share runs with every `make test`; `make chaos` runs more seeds.
SEEDS = range(int(os.environ.get("CHAOS_ROUNDS", "1")))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_server_is_killed(machine: Machine, seed: int) -> None:
    dice = random.Random(seed)
    machine.project("fan_out", DAG)
    with machine.lite() as lite:
        fan_out = begin(machine, lite, pause=dice.choice([0.1, 0.5, 1.0]))
        reached = dice.randrange(1, WIDTH // 2)
        until(lambda: fan_out.started() >= reached, f"{reached} tasks have begun")
        lite.kill()
        lite.start()
        lite.login()
        fan_out.assert_each_ran_once()
        log = lite.log("fan_out", fan_out.run_id, "work")
        assert log.count("task 0 did its work") == 1, log


@pytest.mark.parametrize("seed", SEEDS)
def test_the_agent_is_killed(machine: Machine, seed: int) -> None:
    dice = random.Random(1000 + seed)
    machine.project("fan_out", DAG)
    with machine.lite() as lite:
        fan_out = begin(machine, lite, pause=dice.choice([0.1, 0.5, 1.0]))
        reached = dice.randrange(1, WIDTH // 2)
        until(lambda: fan_out.started() >= reached, f"{reached} tasks have begun")
        lite._started += lite.descendants()
        lite.agent().kill()
        fan_out.assert_each_ran_once(agent_died=True)


def test_server_and_agent_are_killed(machine: Machine) -> None:
    machine.project("fan_out", DAG)
    with machine.lite() as lite:
        fan_out = begin(machine, lite, pause=1.0)
        until(lambda: fan_out.started() >= 3, "three tasks have begun")
        agent = lite.agent()
        lite.kill()
        agent.kill()
        lite.start()
        lite.login()
        fan_out.assert_each_ran_once(agent_died=True)


def test_the_server_is_killed_again_and_again(machine: Machine) -> None:
    machine.project("fan_out", DAG)
    with machine.lite() as lite:
        fan_out = begin(machine, lite, pause=0.5)
        for reached in (1, WIDTH // 4, WIDTH // 2):
            until(lambda reached=reached: fan_out.started() >= reached, f"{reached} tasks have begun")
            lite.kill()
            lite.start()
            lite.login()
        fan_out.assert_each_ran_once()

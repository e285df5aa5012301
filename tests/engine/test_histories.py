"""Random histories: nothing is lost, doubled, accepted late or forgotten, and no limit is exceeded."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.domain.trigger_rules import RULES
from leoflow_server.store import migrate

from .histories.history import live_through
from .histories.plan import SLOW, Plan, scheduled
from .histories.records import SqlRecord
from .machine import document, task
from .mapped_machine import mapped

FEW = 6
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "0"))  # of `make chaos`
ROUND = 20
SHORT_ONES = (0, 2)  # of these seeds few commits come
SHORT = 12
ROUND_IN_SQL = 5


def plan(seed: int) -> Plan:
    """Two DAGs that share a pool."""
    chance = random.Random(seed)
    return Plan(
        documents=[_dag(f"dag-{number}", chance) for number in (1, 2)],
        pools={"default_pool": 8, "db": chance.choice([1, 2])},
        seed=seed,
        steps=chance.choice([40, 80, 150]),
        trouble=chance.choice([0.0, 0.05, 0.2]),
    )


def _dag(dag_id: str, chance: random.Random) -> dict[str, Any]:
    tasks = []
    for index in range(chance.randint(1, 6)):
        above = chance.sample(range(index), k=min(index, chance.randint(0, 2)))
        fields = {
            "trigger_rule": chance.choice(["all_success", "all_success", *sorted(RULES)]),
            "type": chance.choice(["python", "python", "python", "empty"]),
            "retries": chance.randint(0, 2),
            "retry_delay_seconds": chance.choice([0, 30]),
            "pool": chance.choice(["default_pool", "db"]),
            "pool_slots": chance.choice([1, 1, 2]),
            "is_setup": chance.random() < 0.1,
            "is_teardown": chance.random() < 0.1,
        }
        if chance.random() < 0.2:
            fields["max_active_tis_per_dag"] = 1
        if chance.random() < 0.2:
            fields["depends_on_past"] = True
        tasks.append(task(f"t{index}", *(f"t{up}" for up in sorted(above)), **fields))
    if chance.random() < 0.4:
        tasks.append(task("list", retries=1, retry_delay_seconds=0))
        tasks.append(mapped("each", over="list", pool="db", retries=chance.randint(0, 1)))
        tasks.append(task("reduce", "each", trigger_rule=chance.choice(["all_done", "all_success"])))
        if chance.random() < 0.5:
            tasks.append(mapped("more", over="each", max_active_tis_per_dagrun=2))
    return document(
        dag_id,
        tasks=tasks,
        max_active_runs=chance.choice([1, 2, 16]),
        max_active_tasks=chance.choice([1, 2, 16]),
        fail_fast=chance.random() < 0.2,
        **(scheduled() if chance.random() < 0.4 else {}),
    )


@pytest.mark.parametrize("seed", range(FEW))
def test_a_history_of_crashes_and_people(seed: int) -> None:
    live_through(plan(seed))


@pytest.mark.parametrize("seed", SHORT_ONES)
def test_a_history_in_a_file(seed: int, tmp_path: Path) -> None:
    live_through(in_sql(plan(seed), new_file(tmp_path)))


@pytest.mark.parametrize("seed", SHORT_ONES)
def test_a_history_on_postgresql(seed: int, empty_postgresql: str) -> None:
    live_through(in_sql(plan(seed), empty_postgresql))


@pytest.mark.chaos
@pytest.mark.parametrize("number", range(ROUNDS))
def test_many_histories_of_crashes_and_people(number: int) -> None:
    for seed in range(FEW + number * ROUND, FEW + (number + 1) * ROUND):
        with named(seed):
            live_through(plan(seed))


@pytest.mark.chaos
@pytest.mark.parametrize("number", range(ROUNDS))
def test_many_histories_in_sql(number: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for seed in range(number * ROUND_IN_SQL, (number + 1) * ROUND_IN_SQL):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with named(seed):
            live_through(in_sql(plan(seed), new_file(folder)))
    postgresql = request.getfixturevalue("empty_postgresql")
    with named(number):
        live_through(in_sql(plan(number), postgresql))


def in_sql(plan: Plan, url: str) -> Plan:
    """Each commit is read back in whole, so it has to be short."""
    return replace(plan, steps=min(plan.steps, SHORT), settings=SLOW, record=partial(SqlRecord, url))


def new_file(folder: Path) -> str:
    url = f"sqlite:///{folder}/leoflow.db"
    migrate(url)
    return url


@contextmanager
def named(seed: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise AssertionError(f"the history of seed {seed}") from error

"""Everything works through a PgBouncer that gives each transaction another connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.driving import until
from tests.chaos.ledger import DAG
from tests.ha.replicas import begin, replicas
from tests.pgbouncer import PgBouncer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


@pytest.mark.parametrize("hints", [True, False], ids=["with a direct URL", "without"])
def test_two_replicas_behind_a_pooler(
    folder: Path, empty_postgresql: str, pgbouncer: PgBouncer, hints: bool
) -> None:
    direct = empty_postgresql if hints else ""
    with replicas(folder, pgbouncer.url(empty_postgresql), direct_url=direct) as cluster:
        cluster.deploy("fan_out", DAG)
        planner = until(cluster.planner, "a planner")
        other = next(one for one in cluster.members if one is not planner)
        fan_out = begin(cluster, other, pause=0.3)
        until(lambda: fan_out.started() >= 3, "three tasks have begun")
        planner.kill()
        fan_out.assert_each_ran_once()
        assert ("hints need database_direct_url" in other.said) is not hints

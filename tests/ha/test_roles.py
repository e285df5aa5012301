"""Replicas that only answer, and replicas that only plan."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.acceptance.driving import until
from tests.chaos.ledger import DAG
from tests.ha.replicas import begin, replicas

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


def test_one_answers_and_one_plans(folder: Path, empty_postgresql: str) -> None:
    with replicas(folder, empty_postgresql, ["api", "planner"]) as cluster:
        answers, plans = cluster.members
        cluster.deploy("fan_out", DAG)
        assert until(cluster.planner, "a planner") is plans
        with pytest.raises(httpx.ConnectError):
            httpx.get(plans.url)
        assert answers.get("/api/v2/monitor/health")["scheduler"]["status"] == "healthy"

        fan_out = begin(cluster, answers, pause=0.1)
        fan_out.assert_each_ran_once()
        assert "task 0 did its work" in answers.log("fan_out", fan_out.run_id, "work")

        plans.kill()
        until(lambda: cluster.planner() is None, "nobody plans: a replica that only answers does not")
        health = answers.get("/api/v2/monitor/health")
        assert health["scheduler"]["status"] == "unhealthy"

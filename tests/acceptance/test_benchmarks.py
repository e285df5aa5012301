"""`make bench` measures: one round of it, and no judgement of the figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance

REPOSITORY = Path(__file__).parents[2]
MEASURED = ("chain_period_ms_p50", "tasks_per_s", "cpu_ms_per_task", "trigger_to_start_ms_p50")


def test_one_round_of_the_benchmarks_measures_something(tmp_path: Path) -> None:
    results = tmp_path / "latest.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", "--share", "--output", str(results)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(results.read_text())
    assert all(measured[key] > 0 for key in MEASURED)

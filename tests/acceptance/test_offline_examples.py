"""Every example that needs no outside service runs to success."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.driving import ROOT, Lite, Machine

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

OFFLINE = [
    "bash_pipeline",
    "csv_report",
    "declared",
    "fan_out_aggregate",
    "hello",
    "lifecycle",
    "mapped_search",
    "ml_hparam_search",
    "montecarlo_pi",
    "sqlite_load",
    "taskflow_sales",
    "xcom_typed",
]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lite]:
    machine = Machine(folder=tmp_path_factory.mktemp("examples"))
    for name in OFFLINE:
        source: Path = ROOT / "examples" / name
        if source.is_dir():
            shutil.copytree(source, machine.workspace / name)
    with machine.lite() as lite:
        yield lite


@pytest.mark.parametrize("name", OFFLINE)
def test_example_runs(examples: Lite, name: str) -> None:
    dag_id = examples.wait_for_dag(name, seconds=60)["dag_id"]
    run_id = examples.trigger(dag_id)
    state = examples.finish(dag_id, run_id, seconds=90)
    assert state == "success", examples.describe(dag_id, run_id)

"""The rehearsal in the zygote: it happens, and nothing of it is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, os, signal, sys
from leoflow_runtime.child import dialect, lean, rehearsal
{before}

def state():
    return [dict(os.environ), str(signal.getsignal(signal.SIGTERM)), str(dialect.backend.current()),
            str(dialect.context._current), len(dialect.contextmanager.DagContext.autoregistered_dags)]

output = lean.prepare()
runs = []
run = lean.run
lean.run = lambda *arguments: runs.append(run(*arguments))
earlier = state()
rehearsal.rehearse(sys.argv[1] + "/rehearsal", output)
print(json.dumps([runs, state() == earlier]))
"""


@pytest.mark.parametrize(
    "before", ["", "import airflow.providers.standard.operators.python"], ids=["no operator", "a function"]
)
def test_nothing_is_left_of_it(tmp_path: Path, before: str) -> None:
    assert rehearse(tmp_path, before) == [[0] * 12, True]
    assert not list(tmp_path.iterdir())


def test_where_it_cannot_be_it_is_left_out(tmp_path: Path) -> None:
    assert rehearse(tmp_path, "dialect.DAG = None") == [[], True]
    assert not list(tmp_path.iterdir())


def rehearse(folder: Path, before: str) -> Any:
    out = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before), str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert out.returncode == 0, out.stderr
    return json.loads(json.loads(out.stdout.split("\x1e")[-1])["event"])

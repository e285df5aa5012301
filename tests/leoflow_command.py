"""`leoflow` as people type it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """What `--json` has written."""
        return json.loads(self.out)


def leoflow(*arguments: str, folder: Path, environ: Mapping[str, str], check: bool = True) -> Done:
    """Runs the command in `folder`. No output may hold a traceback; `check`: it has to succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "leoflow_compiler", *arguments],
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def environment(**environ: str) -> dict[str, str]:
    """This process's, without settings of Leoflow's but those that are given."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("LEOFLOW_")}
    return {**outer, **environ}

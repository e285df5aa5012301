"""What importing the server does to its process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_WATCH = """
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "grpc":
            print(os.environ.get("GRPC_ENABLE_FORK_SUPPORT"))

sys.meta_path.insert(0, Watch())
import {module}
"""


@pytest.mark.parametrize("module", ["leoflow_server.application", "leoflow_server.lite.start"])
def test_grpc_is_imported_without_its_fork_handlers(module: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "GRPC_ENABLE_FORK_SUPPORT"}
    done = subprocess.run(
        [sys.executable, "-c", _WATCH.format(module=module)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["false"]

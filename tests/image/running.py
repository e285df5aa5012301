"""One task in a container: the image under podman, the real agent in it, the strict fake as control plane."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.wire import agent_pb2 as wire
from tests.runtime.agent.fake_control_plane import FakeControlPlane

# What a cluster's restricted profile asks for, as far as podman can do it without one.
RESTRICTED = ("--read-only", "--tmpfs", "/tmp:rw", "--cap-drop=all", "--security-opt=no-new-privileges")
HERE = ("--network=host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How the container and its task ended."""

    status: int
    said: str
    outcome: int
    values: list[bytes]
    output: list[str]


async def run_task(image: Reference, document: Mapping[str, Any], task_id: str, folder: Path) -> Ended:
    """Skips where podman is not installed."""
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    plane = FakeControlPlane()
    await plane.start()
    try:
        plane.know(
            wire.LaunchSpec(
                launch_id=1,
                dag_id=document["dag_id"],
                run_id="r",
                task_id=task_id,
                map_index=-1,
                try_number=1,
                content_digest="sha256:" + "0" * 64,
                dag_json=json.dumps(document).encode(),
            )
        )
        token, spool = folder / "token", folder / "spool"
        token.write_text(plane.token(1))
        token.chmod(0o644)
        spool.mkdir()
        spool.chmod(0o777)
        done = await anyio.run_process(
            [
                *("podman", "run", "--rm", "--tls-verify=false", *RESTRICTED, *HERE),
                *("--volume", f"{spool}:/opt/leoflow/spool", "--volume", f"{token}:/run/token:ro"),
                *("--env", f"LEOFLOW_SERVER={plane.address}"),
                *("--env", "LEOFLOW_LAUNCH_TOKEN_FILE=/run/token", str(image)),
            ],
            check=False,
        )
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert plane.launches[1].reports, said
        report = plane.launches[1].reports[0]
        return Ended(
            status=done.returncode,
            said=said,
            outcome=report.outcome,
            values=[one.value_json for one in report.xcoms],
            output=plane.output(1),
        )
    finally:
        await plane.vanish()

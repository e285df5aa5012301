"""The agent of a pod: one launch, then it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_runtime.agent.pod import LaunchNotGiven, PodAgent
from leoflow_runtime.agent.settings import PodSettings, SettingsInvalid
from leoflow_runtime.agent.spool import Spool
from leoflow_runtime.wire import agent_pb2 as wire

from .conftest import BOUNDS, Project
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio


async def run(plane: FakeControlPlane, path: Path, program: Path, token: str) -> wire.Outcome | None:
    settings = PodSettings(server=plane.address, launch_token=token, spool=path)
    spool = Spool(path)
    try:
        agent = PodAgent(settings, spool, agent_version="test", bounds=BOUNDS, program=program)
        return await agent.run()
    finally:
        spool.close()


async def test_one_launch_from_token_to_report(
    plane: FakeControlPlane, project: Project, program: Path, tmp_path: Path
) -> None:
    project.write(
        "import time\ndef work(launch, directory):\n    time.sleep(0.3)\n    print('in a pod')\n"
        "    return {'outcome': 'success', 'xcoms': {'return_value': '7'}}"
    )
    plane.know(project.spec("work"))
    outcome = await run(plane, tmp_path / "spool", program, plane.token(1))
    assert outcome == wire.SUCCESS
    assert plane.output(1) == ["in a pod"]
    assert [x.value_json for x in plane.launches[1].reports[0].xcoms] == [b"7"]
    assert [1] in plane.heartbeats
    assert plane.attachments == []


async def test_a_token_is_good_once(
    plane: FakeControlPlane, project: Project, program: Path, tmp_path: Path
) -> None:
    project.write("def work(launch, directory): pass")
    plane.know(project.spec("work"))
    token = plane.token(1)
    await run(plane, tmp_path / "spool", program, token)
    with pytest.raises(LaunchNotGiven, match="does not give out this launch: unknown token"):
        await run(plane, tmp_path / "another", program, token)


async def test_a_heartbeat_can_stop_it(
    plane: FakeControlPlane, project: Project, program: Path, tmp_path: Path
) -> None:
    project.write("import time\ndef work(launch, directory): time.sleep(600)")
    plane.know(project.spec("work"))
    plane.to_stop[1] = "marked failed"
    assert await run(plane, tmp_path / "spool", program, plane.token(1)) == wire.CANCELLED


def test_the_token_may_come_by_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    settings = PodSettings.from_environment(
        {"LEOFLOW_SERVER": "h:1", "LEOFLOW_LAUNCH_TOKEN_FILE": str(tmp_path / "token")}
    )
    assert settings.launch_token == "secret"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "LEOFLOW_SERVER must name the control plane as host:port."),
        (
            {"LEOFLOW_SERVER": "h:1"},
            "LEOFLOW_LAUNCH_TOKEN or LEOFLOW_LAUNCH_TOKEN_FILE must give a launch token.",
        ),
    ],
)
def test_what_is_missing_is_named(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsInvalid, match=sentence):
        PodSettings.from_environment(environment)

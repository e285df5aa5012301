"""What a task writes, as the log shows it."""

from __future__ import annotations

import pytest

from leoflow_runtime.wire import agent_pb2 as wire

from .conftest import Host, Project
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio


async def test_lines_arrive_while_the_task_runs(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os, time
        def work(launch, directory):
            print("first", flush=True)
            while not os.path.exists("/proc/self/cwd/go"):
                time.sleep(0.005)
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.until(lambda: "first" in plane.output(1))
        await plane.until(lambda: plane.launches[1].started)
        assert plane.launches[1].reports == []
        assert plane.launches[1].started[0].child_pid > 0
        (project.path / "go").touch()
        await plane.finished(1)
    assert len(plane.launches[1].started) == 1


async def test_secrets_are_masked_in_raw_output_and_in_records(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os
        def work(launch, directory):
            os.write(1, 'the key is hunter2-ü and abcd\\n'.encode())
            os.write(1, b'\\x1e{"level":"info","logger":"t","event":"got hunter2-\\\\u00fc",'
                        b'"error_detail":[{"exc_value":"hunter2-\\\\u00fc"}]}\\n')
        """
    )
    async with host.running():
        plane.launch(project.spec("work", secrets=["hunter2-ü", "abcd"]))
        await plane.finished(1)
    assert plane.output(1) == ["the key is *** and abcd", "got ***"]
    assert b"hunter2" not in plane.launches[1].log


async def test_a_megabyte_without_a_newline_arrives_in_pieces(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os
        def work(launch, directory):
            os.write(1, b"x" * 1_000_000)
            os.write(1, b"\\xff\\nend")
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.finished(1)
    *pieces, end = plane.output(1)
    assert "".join(pieces) == "x" * 1_000_000 + "�"
    assert max(map(len, pieces)) <= 64 * 1024
    assert end == "end"


async def test_two_megabytes_arrive_whole_and_in_order(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        def work(launch, directory):
            for number in range(40_000):
                print(number, "." * 40)
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.finished(1)
    assert [int(line.split()[0]) for line in plane.output(1)] == list(range(40_000))


async def test_a_sink_that_takes_only_part_gets_the_rest_from_there(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    plane.log_capacity = 100
    project.write("def work(launch, directory):\n    print('\\n'.join(map(str, range(30))))")
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.finished(1)
    assert plane.output(1) == [str(number) for number in range(30)]


async def test_output_of_the_import_belongs_to_the_launch_that_caused_it(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write("print('importing')\ndef work(launch, directory): print('working')")
    async with host.running():
        plane.launch(project.spec("work"))
        await plane.finished(1)
        plane.launch(project.spec("work"))
        report = await plane.finished(2)
    assert plane.output(1) == ["importing", "working"]
    assert plane.output(2) == ["working"]
    assert report.outcome == wire.SUCCESS

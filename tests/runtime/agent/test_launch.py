"""One launch through agent, zygote and process, as the control plane sees it."""

from __future__ import annotations

import pytest

from leoflow_runtime.wire import agent_pb2 as wire

from .conftest import Host, Project
from .fake_control_plane import FakeControlPlane

pytestmark = pytest.mark.anyio


async def test_a_task_that_succeeds_is_reported_once_with_its_log_and_values(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os
        def hello(launch, directory):
            os.write(1, b"raw line\\n")
            os.write(1, b'\\x1e{"timestamp":"2026-01-01T00:00:00Z","level":"warning",'
                        b'"logger":"task","event":"a record"}\\n')
            return {"outcome": "success", "xcoms": {"return_value": "[1, 2]"}, "rendered_fields": {"a": "b"}}
        """
    )
    async with host.running():
        plane.launch(project.spec("hello"))
        report = await plane.finished(1)
        await host.emptied()
    assert report.outcome == wire.SUCCESS
    assert [(x.key, x.value_json) for x in report.xcoms] == [("return_value", b"[1, 2]")]
    assert report.rendered_fields_json == '{"a": "b"}'
    assert report.started_at
    assert report.started_at <= report.finished_at
    assert report.cpu_seconds > 0
    assert report.max_rss_bytes > 1_000_000
    assert plane.output(1) == ["raw line", "a record"]
    assert [line["level"] for line in plane.lines(1)] == ["info", "info", "warning", "info"]
    assert plane.lines(1)[0]["event"].startswith("Started hello (try 1) as process ")
    assert plane.lines(1)[-1]["event"].startswith("Ended: success; ")
    assert len(plane.launches[1].reports) == 1


async def test_a_note_is_told_once(plane: FakeControlPlane, project: Project, host: Host) -> None:
    project.write("def hello(launch, directory): return {'outcome': 'success'}")
    async with host.running():
        plane.launch(project.spec("hello", note="Left aside."))
        await plane.finished(1)
        await host.emptied()
    assert [line["event"] for line in plane.lines(1)][1:-1] == ["Left aside."]


async def test_the_launch_reaches_the_child_whole(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import json, os
        def show(launch, directory):
            assert DAG_JSON == launch["dag_json"] == {"dag_id": "d", "evaluated_with": {"env": {"SIZE": "3"}}}
            print(json.dumps([launch[k] for k in
                ("launch_id", "task_id", "map_index", "try_number", "inputs", "variables", "connections")]))
            print(launch["context"]["run_type"], os.getcwd() == launch["code_path"])
            print(sorted(set(os.environ) - {"HOME", "LANG", "TZ", "TMPDIR", "USER", "LC_CTYPE"}))
            print(os.environ["SIZE"], os.environ["GIVEN"])
        """
    )
    spec = project.spec(
        "show",
        document={"dag_id": "d", "evaluated_with": {"env": {"SIZE": "3"}}},
        inputs=[
            wire.Input(task_id="a", key="return_value", map_index=-1, value_json=b'{"x": [1, null]}'),
            wire.Input(task_id="b", key="k", map_index=2),
        ],
        env={"GIVEN": "yes"},
        variables={"region": "eu"},
        connections={"db": "postgres://h"},
        context=wire.RunContext(run_type="manual"),
    )
    async with host.running():
        plane.launch(spec)
        report = await plane.finished(1)
    assert report.outcome == wire.SUCCESS, plane.output(1)
    assert plane.output(1) == [
        '[1, "show", -1, 1, '
        '[{"task_id": "a", "key": "return_value", "map_index": -1, "value": {"x": [1, null]}}, '
        '{"task_id": "b", "key": "k", "map_index": 2}], {"region": "eu"}, {"db": "postgres://h"}]',
        "manual True",
        "['GIVEN', 'PATH', 'SIZE']",
        "3 yes",
    ]


async def test_a_version_is_imported_once_and_forked_for_each_launch(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os, random
        print("imported by", os.getpid())
        def draw(launch, directory):
            print(os.getppid(), random.random())
        """
    )
    async with host.running():
        for _ in range(5):
            plane.launch(project.spec("draw"))
        for number in range(1, 6):
            await plane.finished(number)
    outputs = [line for number in range(1, 6) for line in plane.output(number)]
    imports = [line for line in outputs if line.startswith("imported")]
    draws = [line.split() for line in outputs if not line.startswith("imported")]
    assert len(imports) == 1
    assert {parent for parent, _ in draws} == {imports[0].split()[-1]}
    assert len({number for _, number in draws}) == 5


@pytest.mark.parametrize(
    ("body", "outcome", "message"),
    [
        ("return {'outcome': 'skipped', 'message': 'nothing new'}", wire.SKIPPED, "nothing new"),
        ("return {'outcome': 'failed_no_retry'}", wire.FAILED_NO_RETRY, ""),
        ("os._exit(3)", wire.FAILED, "The task's process ended without a result (exit code 3)."),
        (
            "os.kill(os.getpid(), 9)",
            wire.FAILED,
            "The task's process was killed by SIGKILL; did it run out of memory?",
        ),
        (
            "open(directory + '/result.json', 'w').write('[]'); os._exit(0)",
            wire.FAILED,
            "The task's process ended without a result (exit code 0).",
        ),
        (
            "return {'outcome': 'success', 'xcoms': {'k': 7}}",
            wire.FAILED,
            "The task's process left a result that cannot be read ('int' object has no attribute 'encode').",
        ),
    ],
)
async def test_each_way_to_end_has_its_outcome(
    plane: FakeControlPlane, project: Project, host: Host, body: str, outcome: wire.Outcome, message: str
) -> None:
    project.write(f"import os\ndef work(launch, directory):\n    {body}\n")
    async with host.running():
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
    assert (report.outcome, report.message) == (outcome, message)


async def test_a_broken_import_fails_the_try_with_its_traceback_and_is_tried_again(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os
        if not os.path.exists("/proc/self/cwd/fixed"):
            raise KeyError("SETTING")
        def work(launch, directory): pass
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
        assert report.outcome == wire.FAILED
        assert report.message == "The DAG could not be imported: KeyError: 'SETTING'"
        text = [line["event"] for line in plane.lines(1)]
        assert text[0] == "Traceback (most recent call last):"
        assert 'dag.py", line 4, in <module>' in text[1]
        assert "fake_child" not in "\n".join(text)
        (project.path / "fixed").touch()
        plane.launch(project.spec("work"))
        assert (await plane.finished(2)).outcome == wire.SUCCESS


async def test_an_interpreter_that_is_not_there_is_named(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write("def work(launch, directory): pass")
    async with host.running():
        plane.launch(project.spec("work", python="/nowhere/python"))
        report = await plane.finished(1)
    assert report.outcome == wire.FAILED
    assert report.message == "The interpreter /nowhere/python cannot be started: No such file or directory."


@pytest.mark.parametrize(
    ("source", "how"), [("os._exit(7)", "exit status 7"), ("os.kill(os.getpid(), 11)", "SIGSEGV")]
)
async def test_an_interpreter_that_dies_in_the_import_fails_the_try(
    plane: FakeControlPlane, project: Project, host: Host, source: str, how: str
) -> None:
    project.write(f"import os\nos.write(2, b'about to die\\n')\n{source}\n")
    async with host.running():
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
    assert report.outcome == wire.FAILED
    assert report.message == (
        f"The DAG could not be imported: the interpreter ended in the middle of it ({how})"
    )
    assert plane.output(1) == ["about to die"]


async def test_a_doubled_start_runs_once(plane: FakeControlPlane, project: Project, host: Host) -> None:
    project.write("import time\ndef work(launch, directory): print('once')")
    async with host.running():
        plane.launch(project.spec("work"))
        plane.command(start=wire.StartLaunch(launch_id=1, launch_token=plane.token(1)))
        await plane.finished(1)
    assert plane.output(1) == ["once"]
    assert plane.launches[1].opened == 1


async def test_an_answer_to_open_that_was_lost_costs_nothing(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write("def work(launch, directory): print('once')")
    async with host.running():
        plane.lose_next_open = True
        plane.launch(project.spec("work"))
        await plane.until(lambda: len(plane.attachments) == 2)
        plane.command(start=wire.StartLaunch(launch_id=1, launch_token=plane.token(1)))
        await plane.finished(1)
    assert plane.output(1) == ["once"]


async def test_a_background_process_gets_a_moment_to_write_and_is_then_killed(
    plane: FakeControlPlane, project: Project, host: Host
) -> None:
    project.write(
        """
        import os, subprocess
        def work(launch, directory):
            child = subprocess.Popen(["sh", "-c", "sleep 0.05; echo late; sleep 600"])
            print(child.pid)
        """
    )
    async with host.running():
        plane.launch(project.spec("work"))
        report = await plane.finished(1)
        assert report.outcome == wire.SUCCESS
        assert plane.output(1)[1:] == ["late"]

"""What a launch is given: code, inputs, context, secrets; and when it is refused for want of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.access.vault import StoredConnection, write_connection, write_variable
from leoflow_server.agents import values
from leoflow_server.agents.code import CodeMissing, locate
from leoflow_server.agents.masking import is_sensitive, secrets_of_connection, secrets_of_variable
from tests.agents.scripted import SOURCE, ControlPlane, ScriptedAgent, attached_agent, document

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def play(home: Path, scenario: Callable[[ControlPlane, ScriptedAgent], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with attached_agent(home) as (plane, agent):
            await scenario(plane, agent)

    asyncio.run(whole())


def test_a_launch_is_given_everything_that_it_needs(tmp_path: Path) -> None:
    described = document(
        {"task_id": "extract"},
        {
            "task_id": "load",
            "depends_on": ["extract"],
            "xcom_input": {"a_rows": "extract", "more": [{"task_id": "extract", "key": "absent"}]},
            "env": {"REGION": "eu"},
            "execution_timeout_seconds": 90,
            "retries": 2,
        },
        params={"limit": {"value": 10}},
        requires={"variables": ["api_token", "not_there"], "connections": ["warehouse"]},
        dag_version="v7",
        image="registry.example/shop@sha256:" + "0" * 64,
    )

    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.store.write_rows(
            lambda conn: write_variable(conn, plane.cipher, 1, "api_token", "t0ken-value", now=NOW)
        )
        warehouse = StoredConnection(
            conn_id="warehouse", conn_type="postgres", host="db", password="pa55word"
        )
        await plane.store.write_rows(lambda conn: write_connection(conn, plane.cipher, 1, warehouse, now=NOW))
        run = await plane.trigger(described, conf={"limit": 3})
        first = await agent.open((await agent.next_start()).launch_token)
        await agent.finished(first, return_value=b"[1,2]")

        spec = (await agent.open((await agent.next_start()).launch_token)).launch

        assert (spec.dag_id, spec.run_id, spec.task_id, spec.map_index) == ("shop", run.run_id, "load", -1)
        assert (spec.try_number, spec.max_tries, spec.dag_version) == (1, 2, "v7")
        assert [(i.task_id, i.key, i.HasField("value_json"), i.value_json) for i in spec.inputs] == [
            ("extract", "return_value", True, b"[1,2]"),
            ("extract", "absent", False, b""),
        ]
        assert dict(spec.env) == {"REGION": "eu"}
        assert dict(spec.variables) == {"api_token": "t0ken-value"}
        assert json.loads(spec.connections["warehouse"])["host"] == "db"
        assert set(spec.secrets) == {"t0ken-value", "pa55word"}
        assert spec.execution_timeout_seconds == 90
        assert json.loads(spec.context.conf_json) == {"limit": 3}
        assert json.loads(spec.context.params_json) == {"limit": 3}
        assert spec.context.run_type == "manual"
        shipped = json.loads(spec.dag_json)
        assert "image" not in shipped
        assert "dag_version" not in shipped
        assert (Path(spec.code_path) / "dag.py").read_text() == SOURCE

    play(tmp_path, scenario)


def test_inputs_may_be_far_larger_than_one_message_usually_is(tmp_path: Path) -> None:
    many = [f"part_{number:02}" for number in range(24)]
    described = document(
        *({"task_id": name} for name in many),
        {"task_id": "sum", "depends_on": many, "xcom_input": {"parts": many}},
    )
    value = b'"' + b"x" * 250_000 + b'"'

    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(described)
        for _ in many:
            await agent.finished(
                await agent.open((await agent.next_start()).launch_token), return_value=value
            )

        spec = (await agent.open((await agent.next_start()).launch_token)).launch

        assert sum(len(given.value_json) for given in spec.inputs) == 24 * len(value)

    play(tmp_path, scenario)


MAPPED = document(
    {"task_id": "list"},
    {"task_id": "g.a", "depends_on": ["list"], "task_group": "g"},
    {"task_id": "g.b", "depends_on": ["g.a"], "task_group": "g", "xcom_input": {"x": "g.a", "y": "list"}},
    {"task_id": "sum", "depends_on": ["g.b"], "xcom_input": {"parts": "g.b"}},
    task_groups=[{"group_id": "g", "mapped": {"expand": {"x": {"$xcom": "list"}}}}],
)


def test_an_instance_is_given_the_values_of_its_index_and_what_it_is_mapped_over(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(MAPPED)
        await agent.finished(
            await agent.open((await agent.next_start()).launch_token), map_length=2, return_value=b"[7,8]"
        )
        given = {}
        for _ in range(2):
            opened = await agent.open((await agent.next_start()).launch_token)
            given["g.a", opened.launch.map_index] = opened.launch
            await agent.finished(opened, return_value=b"%d" % (10 * opened.launch.map_index))
        for _ in range(2):
            opened = await agent.open((await agent.next_start()).launch_token)
            given["g.b", opened.launch.map_index] = opened.launch

        inputs = {
            key: [(i.task_id, i.map_index, i.value_json) for i in spec.inputs] for key, spec in given.items()
        }
        assert inputs == {
            ("g.a", 0): [("list", -1, b"[7,8]")],
            ("g.a", 1): [("list", -1, b"[7,8]")],
            ("g.b", 0): [("g.a", 0, b"0"), ("list", -1, b"[7,8]")],
            ("g.b", 1): [("g.a", 1, b"10"), ("list", -1, b"[7,8]")],
        }
        assert {spec.context.expanded_ti_count for spec in given.values()} == {2}

    play(tmp_path, scenario)


def test_the_values_of_many_instances_are_pulled_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "VALUES_PER_REPLY", 2)
    each = {"task_id": "m", "mapped": {"expand": {"x": [1, 2, 3]}}}
    described = document(
        each, {"task_id": "one"}, {"task_id": "sum", "depends_on": ["m", "one"], "xcom_input": {"p": "m"}}
    )

    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(described)
        for _ in range(4):
            opened = await agent.open((await agent.next_start()).launch_token)
            await agent.finished(opened, return_value=b"%d" % opened.launch.map_index)
        summed = await agent.open((await agent.next_start()).launch_token)
        assert not summed.launch.inputs

        pulled: list[tuple[str, int, bytes]] = []
        request = wire.PullXComRequest(launch_id=summed.launch.launch_id, task_ids=["m", "one", "none"])
        while True:
            reply: Any = await agent.call("PullXCom", request, summed.session)
            pulled += [(v.task_id, v.map_index, v.value_json) for v in reply.values]
            if not reply.more:
                break
            del request.task_ids[: list(request.task_ids).index(pulled[-1][0])]
            request.after_map_index = pulled[-1][1]
        assert pulled == [
            ("m", 0, b"0"),
            ("m", 1, b"1"),
            ("m", 2, b"2"),
            ("one", -1, b"-1"),
            ("none", -1, b""),
        ]

    play(tmp_path, scenario)


def test_a_version_without_its_files_is_refused_by_name(tmp_path: Path) -> None:
    described = document({"task_id": "only"}, files={"dag.py": "sha256:0", "lib/tools.py": "sha256:0"})

    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        run = await plane.trigger(described)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await agent.open((await agent.next_start()).launch_token)

        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "lib/tools.py" in (caught.value.details() or "")
        assert (await plane.task(run, "only")).state is TaskState.FAILED
        logs = list((tmp_path / "logs").rglob("*.ndjson"))
        assert "lib/tools.py" in json.loads(logs[0].read_text())["event"]

    play(tmp_path, scenario)


def test_a_running_task_asks_for_values(tmp_path: Path) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(document({"task_id": "one"}, {"task_id": "two", "depends_on": ["one"]}))
        first = await agent.open((await agent.next_start()).launch_token)
        await agent.finished(first, return_value=b"1", note=b'"n"')
        second = await agent.open((await agent.next_start()).launch_token)
        launch_id = second.launch.launch_id

        async def ask(method: str, request: object) -> object:
            return await agent.call(method, request, second.session)

        pulled = await ask(
            "PullXCom", wire.PullXComRequest(launch_id=launch_id, task_ids=["one", "two"], key="return_value")
        )
        assert [(v.task_id, v.HasField("value_json"), v.value_json) for v in pulled.values] == [  # type: ignore[attr-defined]
            ("one", True, b"1"),
            ("two", False, b""),
        ]
        missing = await ask("GetVariable", wire.GetVariableRequest(launch_id=launch_id, key="city"))
        assert not missing.HasField("value")  # type: ignore[attr-defined]
        await ask("SetVariable", wire.SetVariableRequest(launch_id=launch_id, key="city", value="Roma"))
        found = await ask("GetVariable", wire.GetVariableRequest(launch_id=launch_id, key="city"))
        assert found.value == "Roma"  # type: ignore[attr-defined]
        assert list(found.secrets) == []  # type: ignore[attr-defined]
        await ask(
            "SetVariable", wire.SetVariableRequest(launch_id=launch_id, key="db_password", value="Roma2")
        )
        hidden = await ask("GetVariable", wire.GetVariableRequest(launch_id=launch_id, key="db_password"))
        assert list(hidden.secrets) == ["Roma2"]  # type: ignore[attr-defined]
        await ask("SetVariable", wire.SetVariableRequest(launch_id=launch_id, key="city"))
        gone = await ask("GetVariable", wire.GetVariableRequest(launch_id=launch_id, key="city"))
        assert not gone.HasField("value")  # type: ignore[attr-defined]
        unknown = await ask("GetConnection", wire.GetConnectionRequest(launch_id=launch_id, conn_id="none"))
        assert not unknown.HasField("uri")  # type: ignore[attr-defined]

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("config", "note"),
    [
        ({"pod_override": {}}, "`pod_override` is for pods: this task runs as a process, and without it."),
        ({"any": "thing"}, ""),
    ],
)
def test_what_a_process_leaves_aside_is_noted(tmp_path: Path, config: dict[str, Any], note: str) -> None:
    async def scenario(plane: ControlPlane, agent: ScriptedAgent) -> None:
        await plane.trigger(document({"task_id": "a", "executor_config": config}))
        assert (await agent.open((await agent.next_start()).launch_token)).launch.note == note

    play(tmp_path, scenario)


def spec_of(**parts: object) -> DagSpec:
    return DagSpec.from_document({"schema_version": "1.0", "dag_id": "d", "tasks": [], **parts})


def test_known_code_is_used_where_it_lies(tmp_path: Path) -> None:
    assert locate(spec_of(), "sha256:abc", str(tmp_path), tmp_path / "bundles") == tmp_path


def test_code_is_unpacked_once_and_read_only(tmp_path: Path) -> None:
    digest = "sha256:" + hashlib.sha256(b"x = 1\n").hexdigest()
    spec = spec_of(source="x = 1\n", files={"dag.py": digest})

    first = locate(spec, "sha256:abc", None, tmp_path)
    again = locate(spec, "sha256:abc", None, tmp_path)

    assert first == again == tmp_path / "abc"
    assert (first / "dag.py").read_text() == "x = 1\n"
    assert (first / "dag.py").stat().st_mode & 0o222 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["abc"]


@pytest.mark.parametrize(
    "parts",
    [
        {},  # no source at all
        {"source": "x", "files": {"dag.py": "sha256:of something else"}},
        {"source": "x", "dag_source": "../../outside.py"},
    ],
)
def test_code_that_cannot_be_had_is_named(tmp_path: Path, parts: dict[str, object]) -> None:
    with pytest.raises(CodeMissing) as caught:
        locate(spec_of(**parts), "sha256:abc", None, tmp_path / "bundles")

    assert caught.value.missing
    assert not (tmp_path / "outside.py").exists()


@pytest.mark.parametrize(
    ("key", "value", "masked"),
    [
        ("api_key", "abc", ["abc"]),
        ("city", "Roma", []),
        ("settings", '{"user": "u", "db": {"password": "p"}, "list": [{"token": "t"}]}', ["p", "t"]),
        ("settings", "{not json", []),
    ],
)
def test_which_parts_of_a_variable_are_masked(key: str, value: str, masked: list[str]) -> None:
    assert list(secrets_of_variable(key, value)) == masked


def test_which_parts_of_a_connection_are_masked() -> None:
    assert list(secrets_of_connection("pw", '{"private_key": "k", "region": "eu"}')) == ["pw", "k"]
    assert list(secrets_of_connection(None, None)) == []
    assert is_sensitive("AWS_SECRET_ACCESS_KEY")

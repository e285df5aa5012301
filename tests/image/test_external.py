"""Images built in containers by real tools: they behave as those that are built without one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from leoflow_compiler.image.builder import Report, assemble
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.external import Tool, build_and_push
from leoflow_compiler.image.locking import new_lock
from leoflow_compiler.lower.pipeline import run_passes
from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.records import INDEX, Descriptor
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.wire import agent_pb2 as wire
from tests.image.conftest import Builder
from tests.image.running import run_task

# Package indexes are reached as this machine reaches them.
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
HERE = ("--network=host", f"--volume={CERTIFICATES}:{CERTIFICATES}:ro", "--isolation=chroot")


def tool(name: str) -> Tool:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return Tool(name=name, arguments=HERE)


def config_of(builder: Builder, reference: Reference) -> dict[str, object]:
    registry = builder.connect(reference)
    _, data = registry.get_manifest(reference.repository, reference.version)
    descriptor = Descriptor.from_json(json.loads(data)["config"])
    found: dict[str, object] = json.loads(
        registry.read_blob(reference.repository, descriptor, limit=1 << 20)
    )["config"]
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["podman", "buildah"])
async def test_both_builders_give_an_image_that_behaves_the_same(
    name: str, builder: Builder, tmp_path: Path
) -> None:
    project = builder.project(tmp_path / "p")
    document = run_passes(project).document
    assert document is not None
    lock = builder.lock(project)
    target = Reference.parse(f"{builder.host}/dags/{name}:v1")
    built = build_and_push(
        project, lock, target, tool(name), version="v1", connect=builder.connect, report=Report()
    )
    ended = await run_task(built.reference, document, "count", tmp_path)
    assert (ended.status, ended.outcome) == (0, wire.SUCCESS), ended.said
    assert ended.values == [b"3"]
    assert any("requests 2" in line for line in ended.output)
    daemonless = builder.push(builder.image(project, lock, tmp_path / "layers"), "compared")
    theirs, ours = config_of(builder, built.reference), config_of(builder, daemonless)
    for setting in ("Entrypoint", "Cmd", "User", "WorkingDir"):
        assert theirs[setting] == ours[setting]
    assert sorted(theirs["Env"]) == sorted(ours["Env"])  # type: ignore[call-overload]
    assert theirs["Labels"]["org.opencontainers.image.version"] == "v1"  # type: ignore[index]


@pytest.mark.anyio
async def test_the_projects_own_dockerfile_lies_below(builder: Builder, tmp_path: Path) -> None:
    more = "build: {dockerfile: docker/Dockerfile, context: docker}\n"
    project = builder.project(tmp_path / "p", dependencies="[]", more=more)
    (project.root / "docker").mkdir()
    (project.root / "docker" / "motto").write_text("festina lente")
    (project.root / "docker" / "Dockerfile").write_text(
        f"FROM {builder.host}/library/python:3.11-slim\nCOPY motto /etc/motto\n"
    )
    (project.root / "dag.py").write_text(
        "from airflow.sdk import DAG, task\n\nwith DAG('sales'):\n\n    @task\n    def motto():\n"
        "        return open('/etc/motto').read()\n\n    motto()\n"
    )
    project = builder.read(project.root)
    document = run_passes(project).document
    assert document is not None
    lock = new_lock(project, builder.connect)
    with pytest.raises(ImageError, match=r"`build\.dockerfile` of 'sales' needs a build in a container"):
        assemble(
            project,
            lock,
            version="v1",
            connect=builder.connect,
            cache=LayerCache(tmp_path / "layers"),
            report=Report(),
        )
    built = build_and_push(
        project,
        lock,
        Reference.parse(f"{builder.host}/dags/own:v1"),
        tool("buildah"),
        version="v1",
        connect=builder.connect,
        report=Report(),
        insecure=True,
    )
    ended = await run_task(built.reference, document, "motto", tmp_path)
    assert ended.values == [b'"festina lente"'], ended.said


@pytest.mark.anyio
async def test_system_packages_are_there_for_the_task(builder: Builder, tmp_path: Path) -> None:
    more = "system_packages: [jq]\n"
    project = builder.project(tmp_path / "p", dependencies="[]", more=more)
    (project.root / "dag.py").write_text(
        "from airflow.sdk import DAG, task\n\nwith DAG('sales'):\n\n    @task\n    def ask():\n"
        "        import subprocess\n"
        "        return subprocess.check_output(['jq', '-nc', '{a: (1 + 2)}'], text=True).strip()\n\n"
        "    ask()\n"
    )
    document = run_passes(project).document
    assert document is not None
    built = build_and_push(
        project,
        new_lock(project, builder.connect),
        Reference.parse(f"{builder.host}/dags/jq:v1"),
        tool("buildah"),
        version="v1",
        connect=builder.connect,
        report=Report(),
    )
    ended = await run_task(built.reference, document, "ask", tmp_path)
    assert (ended.status, ended.values) == (0, [b'"{\\"a\\":3}"']), ended.said
    assert config_of(builder, built.reference)["User"] not in ("", "root", "0")


def test_a_build_that_fails_shows_what_the_tool_said(builder: Builder, tmp_path: Path) -> None:
    project = builder.project(tmp_path / "p", more="build: {dockerfile: Dockerfile}\n")
    (project.root / "Dockerfile").write_text(f"FROM {builder.host}/library/nothing:at-all\n")
    project = builder.read(project.root)
    with pytest.raises(ImageError) as caught:
        build_and_push(
            project,
            new_lock(project, builder.connect),
            Reference.parse(f"{builder.host}/dags/own:v1"),
            tool("buildah"),
            version="v1",
            connect=builder.connect,
            report=Report(),
            insecure=True,
        )
    assert "`buildah build` failed with status" in caught.value.message
    assert "manifest unknown" in caught.value.message


RECORDER = """\
#!/bin/sh
echo "$@" >> {log}
cp "$DOCKER_CONFIG/config.json" {login}
stat -c %a "$DOCKER_CONFIG/config.json" >> {log}
"""


def test_a_login_reaches_the_tool_as_a_file_and_never_as_an_argument(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker` stands for any tool here: a script that writes down how it is called, with what."""
    log, login = tmp_path / "log", tmp_path / "login"
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "docker"
    program.write_text(RECORDER.format(log=log, login=login))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    project = builder.project(tmp_path / "p", dependencies="[]")
    with pytest.raises(ImageError, match=r"docker pushed .*, and the registry does not have it"):
        build_and_push(
            project,
            builder.lock(project),
            Reference.parse(f"{builder.host}/dags/none:v1"),
            Tool(name="docker"),
            version="v1",
            connect=builder.connect,
            report=Report(),
            credentials={builder.host: Credentials("alice", "hunter2")},
        )
    calls = log.read_text()
    assert calls.startswith(
        f"build --file {project.root}/.leoflow/build/Dockerfile --tag {builder.host}/dags/none:v1"
    )
    assert calls.splitlines()[1] == "600"
    assert "hunter2" not in calls
    assert json.loads(login.read_text()) == {"auths": {builder.host: {"auth": "YWxpY2U6aHVudGVyMg=="}}}


COPIER = """\
#!/bin/sh
if [ "$1" = push ]; then
    exec skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false docker://{source} "docker://$2"
fi
echo "$@" >> {log}
"""


def test_several_platforms_are_pushed_one_by_one_and_listed_in_an_index(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker` is a script that pushes the base, for every build."""
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    source, log = f"{builder.host}/library/python:3.11-slim", tmp_path / "log"
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "docker"
    program.write_text(COPIER.format(source=source, log=log))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    more = "build: {platforms: [linux/amd64, linux/arm64]}\n"
    project = builder.project(tmp_path / "p", dependencies="[]", more=more)
    target = Reference.parse(f"{builder.host}/dags/several:v1")
    built = build_and_push(
        project,
        builder.lock(project),
        target,
        Tool(name="docker"),
        version="v1",
        connect=builder.connect,
        report=Report(),
    )
    _, data = builder.connect(target).get_manifest(target.repository, "v1")
    assert built.descriptor.media_type == json.loads(data)["mediaType"] == INDEX
    assert built.size > 0
    shown = [one["platform"] for one in json.loads(data)["manifests"]]
    assert shown == [{"os": "linux", "architecture": name} for name in ("amd64", "arm64")]
    tags = builder.connect(target).tags(target.repository)
    assert tags == ["v1", "v1-linux-amd64", "v1-linux-arm64"]
    assert [line.split()[4:7:2] for line in log.read_text().splitlines()] == [
        [f"{target}-linux-amd64", "linux/amd64"],
        [f"{target}-linux-arm64", "linux/arm64"],
    ]

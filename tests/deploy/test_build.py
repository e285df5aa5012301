"""`leoflow build` and `leoflow lock`: images without a server, and images built in containers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from leoflow_runtime.oci.dag_artifact import pull_dag_artifact
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from tests.deploy.conftest import Place

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
HERE = (
    "--builder-arg=--network=host",
    "--builder-arg=--isolation=chroot",
    f"--builder-arg=--volume={CERTIFICATES}:{CERTIFICATES}:ro",
)


@pytest.fixture
def name() -> str:
    """A DAG of the test's own: registry and server are shared."""
    return f"built_{uuid.uuid4().hex[:8]}"


def test_the_digest_is_known_before_anything_is_sent(place: Place, name: str) -> None:
    place.project(name)
    planned = place.leoflow("build", name, "--json").answer
    assert planned["image"] is None
    assert [layer["name"] for layer in planned["layers"]] == ["agent", "code"]
    pushed = place.leoflow("build", name, "--push", "--json").answer
    assert pushed["image"].endswith(f"@{planned['digest']}")
    assert 0 < pushed["sent_bytes"] < planned["size"]
    deployed = place.leoflow("deploy", name, "--json").answer
    assert deployed["image"] == pushed["image"]
    assert deployed["sent_bytes"] < 50_000  # documents about the image, nothing of it


def test_what_one_repository_was_sent_is_mounted_into_the_next(place: Place, name: str) -> None:
    place.project(name)
    place.leoflow("build", name, "--push")
    place.project(f"{name}_too")
    second = place.leoflow("build", f"{name}_too", "--push", "--json").answer
    assert second["sent_bytes"] < 10_000  # its code, no agent


def test_another_user_gets_the_same_digest(place: Place, name: str, tmp_path: Path) -> None:
    become = ["unshare", "--user", "--map-user=4242", "--map-group=4242"]
    try:
        subprocess.run([*become, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine does not let anybody be somebody else (unshare --user)")
    project = place.project(name)
    place.leoflow("lock", name)
    ours = place.leoflow("build", name, "--json").answer
    home = tmp_path / "their home"
    shutil.copytree(project, home / name)
    theirs = subprocess.run(
        [*become, sys.executable, "-m", "leoflow_compiler", "build", name, "--frozen", "--json"],
        cwd=home,
        umask=0o077,
        env={**place.environ, "HOME": str(home), "LEOFLOW_CACHE_DIR": str(home / "cache")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert theirs.returncode == 0, theirs.stderr
    assert json.loads(theirs.stdout)["digest"] == ours["digest"]


def test_zstd_on_request(place: Place, name: str) -> None:
    place.project(name, more="build: {compression: zstd}\n")
    image = Reference.parse(place.leoflow("build", name, "--push", "--json").answer["image"])
    with Registry(image.registry) as registry:
        manifest = json.loads(registry.get_manifest(image.repository, image.version)[1])
    kinds = [layer["mediaType"].rpartition(".")[2] for layer in manifest["layers"]]
    assert kinds == ["tar", "tar+zstd", "tar+zstd"]


def test_a_tool_builds_what_deploy_registers(place: Place, name: str) -> None:
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    place.project(name)
    answer = place.leoflow("deploy", name, "--builder", "buildah", *HERE, "--json").answer
    image = Reference.parse(answer["image"])
    with Registry(image.registry) as registry:
        artifact = pull_dag_artifact(registry, image.repository, f"{answer['dag_version']}-dag")
    assert artifact.document["image"] == answer["image"]
    assert artifact.image == image.digest


def test_a_plan_with_a_tool_sends_nothing_and_pins_what_goes_in(place: Place, name: str) -> None:
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    folder = place.project(name)
    planned = place.leoflow("deploy", name, "--builder", "buildah", *HERE, "--plan", "the.plan")
    assert "which buildah builds and pushes then" in planned.err
    with Registry(place.registry) as registry:
        assert registry.tags(f"dags/{name}") == []
    applied = place.leoflow("deploy", "--apply", "the.plan", "--json").answer
    assert applied["version_number"] == 1
    assert "@sha256:" in applied["image"]

    place.leoflow("deploy", name, "--builder", "buildah", *HERE, "--plan", "next.plan")
    (folder / "dag.py").write_text((folder / "dag.py").read_text() + "# later\n")
    refused = place.leoflow("deploy", "--apply", "next.plan", check=False)
    assert (refused.status, "is no longer what was planned" in refused.err) == (1, True), refused.err


def test_what_needs_a_container_says_so(place: Place, name: str) -> None:
    place.project(name, more="system_packages: [libgomp1]\n")
    done = place.leoflow("build", name, check=False)
    assert done.status == 1
    assert f"error: `system_packages` of '{name}' needs a build in a container\n" in done.err
    assert "hint: add `--builder podman`" in done.err


def test_a_tool_that_is_not_there_is_named(place: Place, name: str) -> None:
    place.project(name)
    done = place.leoflow("build", name, "--builder", "nerdctl", check=False)
    assert done.status == 1
    assert "error: nerdctl is not installed\n" in done.err


def test_the_context_alone(place: Place, name: str) -> None:
    folder = place.project(name) / ".leoflow" / "build"
    done = place.leoflow("build", name, "--context")
    assert done.out == f"{name}/.leoflow/build: build it with `docker build {name}/.leoflow/build`\n"
    assert "There is no leoflow.lock" in (folder / "Dockerfile").read_text()
    place.leoflow("lock", name)
    place.leoflow("build", name, "--context")
    assert "@sha256:" in (folder / "Dockerfile").read_text()


def test_a_lock_that_does_not_fit_is_warned_of_and_stops_frozen_builds(place: Place, name: str) -> None:
    project = place.project(name)
    place.leoflow("lock", name)
    assert place.leoflow("validate", name).err == ""
    assert place.leoflow("lock", name, "--check").status == 0
    with (project / "leoflow.yaml").open("a") as file:
        file.write("dependencies: [idna]\n")
    warned = place.leoflow("validate", name)
    assert warned.err.count("LF017") == 1
    assert place.leoflow("validate", "--strict", name, check=False).status == 1
    assert place.leoflow("lock", name, "--check", check=False).status == 1
    frozen = place.leoflow("build", name, "--frozen", check=False)
    assert frozen.status == 1
    assert f"leoflow.lock of '{name}' does not fit leoflow.yaml any more" in frozen.err
    place.leoflow("lock", name)
    assert "LF017" not in place.leoflow("validate", name).err

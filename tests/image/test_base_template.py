"""`templates/base`: a smaller base, built by a real tool, under an image that runs a task."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from leoflow_compiler.image.base import find_base, read_base
from leoflow_compiler.image.locking import new_lock
from leoflow_compiler.lower.pipeline import run_passes
from leoflow_runtime.artifact.resources import resource
from leoflow_runtime.oci.records import Platform
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.wire import agent_pb2 as wire
from tests.base_image import PYTHON_VERSION, REPOSITORY, TAG
from tests.image.conftest import Builder
from tests.image.running import run_task


def size_of(builder: Builder, reference: Reference) -> int:
    registry = builder.connect(reference)
    digest = find_base(registry, reference)
    base = read_base(registry, reference, digest, Platform.parse("linux/amd64"))
    return sum(layer.size for layer in base.layers)


@pytest.fixture
def whole(builder: Builder) -> Reference:
    return Reference.parse(f"{builder.host}/{REPOSITORY}:{TAG}")


@pytest.fixture
def base(builder: Builder, whole: Reference) -> Reference:
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    base = Reference.parse(f"{builder.host}/leoflow-base:{PYTHON_VERSION}")
    folder = str(resource("templates/base"))
    for command in (
        ["build", "--isolation=chroot", f"--build-arg=FROM={whole}", "--tag", str(base), folder],
        ["push", "--disable-compression", str(base)],  # as the base that it is compared with
    ):
        done = subprocess.run(
            ["buildah", command[0], "--tls-verify=false", *command[1:]],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return base


@pytest.mark.anyio
async def test_it_is_smaller_names_its_libc_and_runs_tasks(
    builder: Builder, whole: Reference, base: Reference, tmp_path: Path
) -> None:
    assert size_of(builder, base) < 0.75 * size_of(builder, whole)

    project = builder.project(tmp_path / "p")
    config = (project.root / "leoflow.yaml").read_text().replace(str(whole), str(base))
    (project.root / "leoflow.yaml").write_text(config)
    project = builder.read(project.root)
    document = run_passes(project).document
    assert document is not None
    lock = new_lock(project, builder.connect)
    assert lock.platform_tag == "manylinux_2_36"
    image = builder.push(builder.image(project, lock, tmp_path / "layers"), "small")
    ended = await run_task(image, document, "count", tmp_path)
    assert (ended.status, ended.outcome) == (0, wire.SUCCESS), ended.said

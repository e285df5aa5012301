"""Images made without a daemon, against a real registry and in a real container."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leoflow_compiler.image import layout
from leoflow_compiler.image.builder import Report
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.lock import write_lock
from leoflow_compiler.image.sending import to_send
from leoflow_compiler.lower.pipeline import run_passes
from leoflow_runtime.oci.records import INDEX, MANIFEST, Descriptor, Platform, canonical_json
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.wire import agent_pb2 as wire
from tests.base_image import push_base
from tests.image.conftest import Builder
from tests.image.running import run_task

ELSEWHERE = """
import sys
from pathlib import Path
from leoflow_compiler.image.builder import Report, assemble
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.lock import read_lock
from leoflow_compiler.project import load_project
from leoflow_runtime.oci.registry import Registry
project, _ = load_project(Path(sys.argv[1]))
with Registry(sys.argv[3]) as registry:
    image = assemble(project, read_lock(project.root), version="v1", connect=lambda _: registry,
                     cache=LayerCache(Path(sys.argv[2])), report=Report())
print(image.digest)
"""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Layers that the tests of this session share."""
    return tmp_path_factory.mktemp("layers")


def test_only_what_changed_is_sent(builder: Builder, tmp_path: Path, cache: Path) -> None:
    project = builder.project(tmp_path / "p")
    lock = builder.lock(project)
    first, again, changed = Report(), Report(), Report()
    image = builder.image(project, lock, cache, first)
    builder.push(image, report=first)
    builder.push(image, report=again)
    assert again.sent == 0
    (project.root / "sales" / "rows.py").write_text("def rows():\n    return [1]\n")
    image = builder.image(builder.read(project.root), lock, cache, changed)
    names = [
        name
        for name, _ in to_send(
            image, Reference.parse(f"{builder.host}/dags/sales:v2"), connect=builder.connect
        )
    ]
    assert names == ["code"]
    builder.push(image, "v2", changed)
    assert 0 < changed.sent < 20_000
    assert set(changed.seconds) == {"base", "code", "push"}


def test_the_image_is_what_its_manifest_says(builder: Builder, tmp_path: Path, cache: Path) -> None:
    project = builder.project(tmp_path / "p")
    image = builder.image(project, builder.lock(project), cache)
    pushed = builder.push(image, "whole")
    assert pushed.digest == image.digest
    registry = builder.connect(pushed)
    _, data = registry.get_manifest(pushed.repository, "whole")
    manifest = json.loads(data)
    config = json.loads(
        registry.read_blob(pushed.repository, Descriptor.from_json(manifest["config"]), limit=1 << 20)
    )
    assert config["config"]["Entrypoint"] == ["python3", "-I", "/opt/leoflow/agent.py"]
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["WorkingDir"] == "/opt/leoflow/dag"
    assert config["created"] == "1970-01-01T00:00:00Z"
    assert config["config"]["Labels"]["org.opencontainers.image.title"] == "sales"
    assert len(config["rootfs"]["diff_ids"]) == len(manifest["layers"]) == 4


def test_paths_users_locales_and_hash_seeds_change_no_byte(
    builder: Builder, tmp_path: Path, cache: Path
) -> None:
    project = builder.project(tmp_path / "here")
    lock = builder.lock(project)
    write_lock(project.root, lock)
    here = builder.image(project, lock, cache).digest
    there = tmp_path / "a longer place" / "ünï"
    shutil.copytree(project.root, there)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "HOME": str(tmp_path),
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
    }
    command = [sys.executable, "-c", ELSEWHERE, str(there), str(tmp_path / "layers"), builder.host]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.strip() == here, done.stderr


def test_what_is_excluded_is_in_no_layer(builder: Builder, tmp_path: Path, cache: Path) -> None:
    project = builder.project(tmp_path / "p")
    for name in (".env", ".env.production", "notes.txt", ".git/config", "__pycache__/dag.pyc"):
        file = project.root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("password = hunter2")
    (project.root / ".leoflowignore").write_text("notes.txt\n")
    image = builder.image(builder.read(project.root), builder.lock(project), cache)
    code = image.platforms[0].layers[-1]
    listed = subprocess.run(
        ["tar", "tzf", str(code.path)], capture_output=True, text=True, timeout=30, check=True
    )
    files = [line for line in listed.stdout.split() if not line.endswith("/")]
    assert files == [f"{layout.CODE}/{name}" for name in ("dag.py", "sales/__init__.py", "sales/rows.py")]


def test_a_base_that_is_not_there_is_told(builder: Builder, tmp_path: Path) -> None:
    project = builder.project(tmp_path / "p")
    (project.root / "leoflow.yaml").write_text(f"dag_id: sales\nbase_image: {builder.host}/nothing:here\n")
    with pytest.raises(ImageError, match="there is no base image"):
        builder.lock(builder.read(project.root))


def test_several_platforms_make_an_index(builder: Builder, tmp_path: Path, cache: Path) -> None:
    entries = []
    for architecture in ("amd64", "arm64"):
        digest = push_base(builder.host, repository="both", tag=architecture, architecture=architecture)
        platform = Platform("linux", architecture)
        entries.append(Descriptor(media_type=MANIFEST, digest=digest, size=1, platform=platform).to_json())
    index = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    base = Reference.parse(f"{builder.host}/both:1")
    builder.connect(base).put_manifest("both", "1", index, INDEX)

    more = "build: {platforms: [linux/amd64, linux/arm64]}\n"
    project = builder.project(tmp_path / "p", dependencies="[markupsafe]", more=more)
    config = (project.root / "leoflow.yaml").read_text()
    (project.root / "leoflow.yaml").write_text(config.replace("library/python:3.11-slim", "both:1"))
    project = builder.read(project.root)
    image = builder.image(project, builder.lock(project), cache)
    pushed = builder.push(image, "both")

    descriptor, data = builder.connect(pushed).get_manifest(pushed.repository, "both")
    assert (descriptor.media_type, descriptor.digest) == (INDEX, image.digest)
    listed = json.loads(data)["manifests"]
    assert [one["platform"]["architecture"] for one in listed] == ["amd64", "arm64"]
    amd64, arm64 = image.platforms
    assert amd64.layers[0].name == arm64.layers[0].name == "dependencies"
    assert amd64.layers[0].digest != arm64.layers[0].digest  # other wheels
    assert amd64.layers[-1].digest == arm64.layers[-1].digest  # the same code
    assert json.loads(arm64.config)["architecture"] == "arm64"


def test_a_platform_that_the_base_lacks_is_told(builder: Builder, tmp_path: Path, cache: Path) -> None:
    more = "build: {platforms: [linux/arm64]}\n"
    project = builder.project(tmp_path / "p", dependencies="[]", more=more)
    with pytest.raises(ImageError, match="is for linux/amd64, not for linux/arm64"):
        builder.image(project, builder.lock(project), cache)


@pytest.mark.anyio
async def test_a_container_runs_a_task_to_its_end(builder: Builder, tmp_path: Path, cache: Path) -> None:
    project = builder.project(tmp_path / "p")
    document = run_passes(project).document
    assert document is not None
    reference = builder.push(builder.image(project, builder.lock(project), cache), "run")
    ended = await run_task(reference, document, "count", tmp_path)
    assert (ended.status, ended.outcome) == (0, wire.SUCCESS), ended.said
    assert ended.values == [b"3"]
    assert any("requests 2" in line for line in ended.output)

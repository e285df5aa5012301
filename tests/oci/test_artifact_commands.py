"""`leoflow artifact` as people type it, against a real registry."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.oci.dag_artifact import pull_dag_artifact, push_dag_artifact
from leoflow_runtime.oci.registry import Registry
from tests.leoflow_command import Done, environment, leoflow
from tests.oci.artifacts import DAG, SBOM, push_everything, push_image
from tests.registry_server import PASSWORD, USER, RegistryServer

SOURCE = """\
from airflow.sdk import DAG, task

with DAG("sales", schedule="@daily"):

    @task
    def count() -> int:
        return 1

    count()
"""


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path
    host: str
    registry: Registry

    def artifact(self, *arguments: str, check: bool = True, **environ: str) -> Done:
        """Runs the command; `@` at the beginning of an argument is the registry."""
        named = [f"{self.host}/{one[1:]}" if one.startswith("@") else one for one in arguments]
        environ = environment(DOCKER_CONFIG=str(self.folder), **environ)
        return leoflow("artifact", *named, folder=self.folder, environ=environ, check=check)


@pytest.fixture
def place(server: RegistryServer, tmp_path: Path) -> Iterator[Place]:
    with Registry(server.host) as registry:
        yield Place(tmp_path, server.host, registry)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "sales"
    folder.mkdir()
    (folder / "dag.py").write_text(SOURCE)
    (folder / "leoflow.yaml").write_text("dag_id: sales\n")
    (folder / ".env").write_text("PASSWORD=planted\n")
    return folder


def test_a_project_is_pushed_beside_its_image_and_comes_back(place: Place, project: Path) -> None:
    image = push_image(place.registry, "dags/pushed", "v1")
    stored = place.artifact("push", "sales", "@dags/pushed", "--image", "@dags/pushed:v1", "--json").answer
    assert stored["image"] == f"{place.host}/dags/pushed@{image.digest}"
    again = place.artifact("push", "sales", "@dags/pushed", "--image", "@dags/pushed:v1", "--json").answer
    assert again == stored

    told = place.artifact("pull", stored["reference"], "back").out
    assert told == f"Pulled {stored['reference']}: dag.json and 2 source files in back\n"
    back = place.folder / "back"
    assert sorted(path.name for path in back.iterdir()) == ["dag.json", "dag.py", "leoflow.yaml"]
    assert (back / "dag.py").read_text() == SOURCE
    document = json.loads((back / "dag.json").read_text())
    assert document["image"] == stored["image"]
    assert stored["reference"].startswith(f"{place.host}/dags/pushed:{document['dag_version']}-dag@sha256:")


def test_what_was_compiled_before_is_pushed(place: Place, project: Path) -> None:
    leoflow("compile", str(project), folder=place.folder, environ=environment())
    stored = place.artifact("push", "sales/dag.json", "@dags/compiled:mine", "--json").answer
    assert stored["image"] is None
    assert pull_dag_artifact(place.registry, "dags/compiled", "mine").digest == stored["digest"]


def test_inspect_says_what_there_is(place: Place) -> None:
    pushed = push_everything(place.registry, "dags/seen")
    found = place.artifact("inspect", "@dags/seen:v1-dag", "--json").answer
    assert found["reference"] == f"{place.host}/dags/seen@{pushed.artifact.digest}"
    assert found["image"] == f"{place.host}/dags/seen@{pushed.image.digest}"
    assert (found["dag_id"], found["dag_version"], found["tasks"]) == ("sales", "v1", 0)
    assert found["platforms"] == ["linux/amd64", "linux/arm64"]
    assert found["attached"] == [{"to": "image", "kind": SBOM, "digest": pushed.sbom.digest}]
    assert found["signed"] is True
    lines = [
        line.split(maxsplit=1) for line in place.artifact("inspect", "@dags/seen:v1-dag").out.splitlines()
    ]
    assert ["image", found["image"]] in lines
    assert ["platforms", "linux/amd64, linux/arm64"] in lines


def test_promoting_moves_a_tag_and_sends_no_layers(place: Place) -> None:
    pushed = push_everything(place.registry, "dags/promoted")
    told = place.artifact("copy", "@dags/promoted:v1-dag", "@dags/promoted:prod").out
    reference = f"{place.host}/dags/promoted:prod@{pushed.artifact.digest}"
    assert told == f"Copied to {reference} (0 B sent)\n"


def test_through_a_file_into_another_repository(place: Place) -> None:
    pushed = push_everything(place.registry, "dags/exported")
    place.artifact("export", "@dags/exported:v1-dag", "sales.tar")
    told = place.artifact("import", "sales.tar", "@inside/sales:prod").out.splitlines()
    assert f"{place.host}/inside/sales:prod@{pushed.artifact.digest}" in told
    found = pull_dag_artifact(place.registry, "inside/sales", "prod")
    assert found.image == pushed.image.digest
    assert place.registry.head_manifest("inside/sales", pushed.image.digest) is not None


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("inspect", "@dags/nothing:v1"), 1, "has no dags/nothing:v1"),
        (("inspect", "No Name"), 2, "'No Name' has no valid name"),
        (
            ("inspect", "127.0.0.1:1/x:v1"),
            1,
            "the registry 127.0.0.1:1 cannot be reached: Connection refused",
        ),
        (("import", "missing.tar", "@x/y"), 2, "does not exist"),
        (("import", "leoflow.yaml", "@x/y"), 1, "leoflow.yaml is no OCI layout in a tar"),
        (("push", "nowhere", "@x/y"), 2, "there is no folder and no DAG 'nowhere' here"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    place: Place, arguments: tuple[str, ...], status: int, told: str
) -> None:
    (place.folder / "leoflow.yaml").write_text("dag_id: sales\n")
    done = place.artifact(*arguments, check=False)
    assert (done.status, done.out) == (status, "")
    assert told in done.err


def test_an_image_elsewhere_is_refused(place: Place, project: Path) -> None:
    push_image(place.registry, "images/elsewhere", "v1")
    done = place.artifact("push", "sales", "@dags/alone", "--image", "@images/elsewhere:v1", check=False)
    assert done.status == 1
    assert "does not lie where its artifact will" in done.err
    assert "leoflow artifact copy" in done.err


def test_nothing_is_written_over(place: Place) -> None:
    push_everything(place.registry, "dags/kept")
    (place.folder / "mine").mkdir()
    (place.folder / "mine" / "file").touch()
    done = place.artifact("pull", "@dags/kept:v1-dag", "mine", check=False)
    assert (done.status, done.err) == (1, "error: 'mine' is there and not empty\n")


def packed(*members: tuple[str, bytes, dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content, more in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for key, value in more.items():
                setattr(entry, key, value)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "source",
    [
        b"no archive",
        packed(("../outside", b"x", {})),
        packed(("/etc/outside", b"x", {"mode": 0o4755}), ("../outside", b"x", {})),
        packed(("link", b"", {"type": tarfile.SYMTYPE, "linkname": "/etc"})),
        packed(("device", b"", {"type": tarfile.CHRTYPE})),
    ],
    ids=["no archive", "outside", "absolute", "link", "device"],
)
def test_a_source_by_a_stranger_writes_nothing_outside(place: Place, source: bytes) -> None:
    push_dag_artifact(place.registry, "dags/hostile", "v1", DAG, source=source)
    done = place.artifact("pull", "@dags/hostile:v1", "folder/inside", check=False)
    assert done.status == 1
    assert done.err.startswith("error: the source ")
    assert [path for path in place.folder.rglob("*") if path.is_file()] == []


def test_logins_come_from_the_environment(locked_server: RegistryServer, tmp_path: Path) -> None:
    with Registry(locked_server.host) as registry:
        place = Place(tmp_path, locked_server.host, registry)
        login = {"LEOFLOW_REGISTRY_USERNAME": USER, "LEOFLOW_REGISTRY_PASSWORD": PASSWORD}
        refused = place.artifact("inspect", "@dags/x:v1", check=False)
        assert "wants a login, and there is none for it" in refused.err
        found = place.artifact("inspect", "@dags/x:v1", check=False, **login)
        assert "has no dags/x:v1" in found.err
        assert PASSWORD not in found.err
        elsewhere = {**login, "LEOFLOW_REGISTRY_HOST": "registry.example.com"}
        assert "there is none for it" in place.artifact("inspect", "@dags/x:v1", check=False, **elsewhere).err

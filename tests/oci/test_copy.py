"""Artifacts move whole: between repositories, between registries, and through a file."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leoflow_runtime.oci import errors
from leoflow_runtime.oci.copy import Repository, closure_of, put
from leoflow_runtime.oci.dag_artifact import pull_dag_artifact, relocated
from leoflow_runtime.oci.layout import open_layout, write_layout
from leoflow_runtime.oci.records import DAG_ARTIFACT, INDEX, MANIFEST, canonical_json, digest_of
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from tests.oci.artifacts import SBOM, Pushed, push_everything
from tests.registry_server import RegistryServer, registry_server

HERE = "dags/sales-here"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Another registry."""
    with registry_server(tmp_path_factory.mktemp("elsewhere")) as server, Registry(server.host) as client:
        yield client


@pytest.fixture
def registry(server: RegistryServer) -> Iterator[Registry]:
    with Registry(server.host) as client:
        yield client


@pytest.fixture
def pushed(registry: Registry) -> Pushed:
    return push_everything(registry, HERE)


def check_that_all_is_there(registry: Registry, repository: str, pushed: Pushed, tag: str) -> None:
    found = pull_dag_artifact(registry, repository, tag)
    assert (found.digest, found.image) == (pushed.artifact.digest, pushed.image.digest)
    assert found.source is not None
    assert registry.read_blob(repository, found.source, limit=100) == b"the source"
    here = Reference(registry=registry.host, repository=repository)
    assert relocated(found, here)["image"] == f"{registry.host}/{repository}@{pushed.image.digest}"
    _, index = registry.get_manifest(repository, pushed.image.digest)
    for entry in json.loads(index)["manifests"]:
        _, manifest = registry.get_manifest(repository, entry["digest"])
        layer = json.loads(manifest)["layers"][0]
        assert registry.has_blob(repository, layer["digest"])
    assert [one.digest for one in registry.referrers(repository, pushed.image.digest, SBOM)] == [
        pushed.sbom.digest
    ]
    # What has no tag is deleted by registries.
    tags = set(registry.tags(repository))
    assert {tag, "v1", "v1-dag", pushed.signature_tag} <= tags


def test_a_copy_in_the_same_registry_sends_documents_only(registry: Registry, pushed: Pushed) -> None:
    closure, root = closure_of(Repository(registry, HERE), "v1-dag")
    target = Repository(registry, "dags/promoted")
    put(closure, Repository(registry, HERE), target, {**closure.tags, "prod": root})
    check_that_all_is_there(registry, target.repository, pushed, "prod")
    assert put(closure, Repository(registry, HERE), target, {**closure.tags, "prod": root}) == 0


def test_a_copy_in_another_registry_has_the_same_digests(
    registry: Registry, elsewhere: Registry, pushed: Pushed
) -> None:
    source, target = Repository(registry, HERE), Repository(elsewhere, "copies/sales")
    closure, root = closure_of(source, "v1-dag")
    assert root == pushed.artifact.digest
    assert put(closure, source, target, {**closure.tags, "prod": root}) > 0
    check_that_all_is_there(elsewhere, target.repository, pushed, "prod")


def test_a_file_holds_all_of_it(
    registry: Registry, elsewhere: Registry, pushed: Pushed, tmp_path: Path
) -> None:
    source, file = Repository(registry, HERE), tmp_path / "sales.tar"
    closure, _ = closure_of(source, "v1-dag")
    write_layout(closure, source, file, lambda _: None)
    with open_layout(file) as layout:
        found = layout.closure()
        assert found.tags == closure.tags
        put(found, layout, Repository(elsewhere, "imported/sales"), found.tags)
    check_that_all_is_there(elsewhere, "imported/sales", pushed, "v1-dag")
    again = tmp_path / "again.tar"
    write_layout(closure, source, again, lambda _: None)
    assert again.read_bytes() == file.read_bytes()
    assert sorted(tmp_path.iterdir()) == [again, file]


def test_an_export_that_fails_leaves_nothing_behind(
    registry: Registry, pushed: Pushed, tmp_path: Path
) -> None:
    class Broken(Repository):
        def get_blob(self, descriptor: object) -> Iterator[bytes]:
            raise errors.Unreachable("the line is cut")

    closure, _ = closure_of(Repository(registry, HERE), "v1-dag")
    with pytest.raises(errors.Unreachable):
        write_layout(closure, Broken(registry, HERE), tmp_path / "sales.tar", lambda _: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
class TestSkopeo:
    def test_reads_what_we_export(self, registry: Registry, pushed: Pushed, tmp_path: Path) -> None:
        source, file = Repository(registry, HERE), tmp_path / "sales.tar"
        closure, _ = closure_of(source, "v1-dag")
        write_layout(closure, source, file, lambda _: None)
        raw = skopeo("inspect", "--raw", f"oci-archive:{file}:v1")
        assert digest_of(raw) == pushed.image.digest

    def test_writes_what_we_import(
        self, registry: Registry, elsewhere: Registry, pushed: Pushed, tmp_path: Path
    ) -> None:
        file = tmp_path / "image.tar"
        here = f"docker://{registry.host}/{HERE}:v1"
        skopeo(
            "copy", "--all", "--preserve-digests", "--src-tls-verify=false", here, f"oci-archive:{file}:v1"
        )
        with open_layout(file) as layout:
            closure = layout.closure()
            put(closure, layout, Repository(elsewhere, "imported/image"), closure.tags)
        found = elsewhere.head_manifest("imported/image", "v1")
        assert found is not None
        assert found.digest == pushed.image.digest


def skopeo(*arguments: str) -> bytes:
    return subprocess.run(["skopeo", *arguments], capture_output=True, timeout=60, check=True).stdout


# Files and registries by strangers

MARK = b'{"imageLayoutVersion":"1.0.0"}'


def tar_of(file: Path, *members: tuple[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(file, "w") as tar:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return file


def index_of(*entries: dict[str, object]) -> bytes:
    return canonical_json({"schemaVersion": 2, "manifests": list(entries)})


def link(name: str, target: str) -> tuple[str, tarfile.TarInfo]:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return name, entry


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([], "it has no index.json"),
        ([("index.json", b"{}")], "it has no oci-layout"),
        ([("index.json", b"{"), ("oci-layout", MARK)], "it is not JSON"),
        ([("index.json", b"{}"), ("oci-layout", b"{}")], "it is of another version"),
        ([("index.json", b"{}"), ("oci-layout", MARK)], "its index.json lists nothing"),
        ([("index.json", index_of({"digest": "md5:1"})), ("oci-layout", MARK)], "a descriptor has"),
        ([("index.json", b"{}"), ("./index.json", b"{}")], "'index.json' is no ordinary file, or is there"),
        ([link("index.json", "/etc/passwd")], "'index.json' is no ordinary file"),
    ],
)
def test_a_file_that_is_no_layout_is_refused(
    tmp_path: Path, members: list[tuple[str, bytes | tarfile.TarInfo]], told: str
) -> None:
    file = tar_of(tmp_path / "strange.tar", *members)
    with pytest.raises(errors.BadAnswer) as caught, open_layout(file):
        pass
    assert caught.value.message.startswith(f"{file} is no OCI layout in a tar: ")
    assert told in caught.value.message


@pytest.mark.parametrize("content", [b"", b"not a tar at all" * 100, b"\x1f\x8b" + b"\0" * 2000])
def test_a_file_that_is_no_tar_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "strange.tar"
    file.write_bytes(content)
    with pytest.raises(errors.BadAnswer, match=r"is no OCI layout in a tar"), open_layout(file):
        pass


def layout_with(tmp_path: Path, manifest: bytes, *, stored: bytes | None = None, tag: str = "v1") -> Path:
    digest = digest_of(manifest)
    entry = {
        "mediaType": MANIFEST,
        "digest": digest,
        "size": len(manifest),
        "annotations": {"org.opencontainers.image.ref.name": tag},
    }
    return tar_of(
        tmp_path / "strange.tar",
        ("oci-layout", MARK),
        ("index.json", index_of(entry)),
        (f"blobs/sha256/{digest.removeprefix('sha256:')}", stored if stored is not None else manifest),
    )


def test_other_bytes_than_the_name_says_are_refused(tmp_path: Path) -> None:
    with open_layout(layout_with(tmp_path, b"{}", stored=b"[]")) as layout:
        with pytest.raises(errors.DigestMismatch, match="is damaged"):
            layout.closure()


@pytest.mark.parametrize(
    ("manifest", "kind", "told"),
    [
        (b"[" * 50_000, errors.BadAnswer, "is nested deeper"),
        (b'{"mediaType": "text/html"}', errors.BadAnswer, "is no manifest of a known type"),
        (b"[]", errors.BadAnswer, "it is no object"),
        (canonical_json({"mediaType": MANIFEST}), errors.BadAnswer, "a descriptor is an object"),
        (
            canonical_json(
                {
                    "mediaType": INDEX,
                    "manifests": [{"mediaType": MANIFEST, "digest": digest_of(b"?"), "size": 1}],
                }
            ),
            errors.NotFound,
            "has no sha256:",
        ),
    ],
)
def test_a_manifest_by_a_stranger_is_refused(
    tmp_path: Path, manifest: bytes, kind: type[errors.RegistryError], told: str
) -> None:
    with open_layout(layout_with(tmp_path, manifest)) as layout, pytest.raises(kind) as caught:
        layout.closure()
    assert told in caught.value.message


def test_a_name_that_is_no_tag_is_not_used_as_one(tmp_path: Path) -> None:
    manifest = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
    with open_layout(layout_with(tmp_path, manifest, tag="../../other/manifests/v1")) as layout:
        assert layout.closure().tags == {}


def test_manifests_within_manifests_have_an_end(registry: Registry) -> None:
    inner = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
    for number in range(9):
        stored = registry.put_manifest("dags/deep", f"level-{number}", inner, INDEX)
        inner = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [stored.to_json()]})
    with pytest.raises(errors.BadAnswer, match="too deep"):
        closure_of(Repository(registry, "dags/deep"), "level-8")


def test_what_is_copied_need_not_be_an_artifact_of_ours(registry: Registry, pushed: Pushed) -> None:
    closure, root = closure_of(Repository(registry, HERE), "v1")
    assert root == pushed.image.digest
    assert closure.tags == {}
    assert DAG_ARTIFACT.encode() not in b"".join(one.data for one in closure.manifests.values())

"""SBOM and provenance: valid by their authors' schemas, the same for the same image, without secrets."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from leoflow_compiler.image.attachments import attach_documents
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.provenance import Commit, commit_of, provenance, without_credentials
from leoflow_compiler.image.sbom import oci_purl, python_purl, sbom
from leoflow_compiler.image.uv import Package
from leoflow_runtime.oci.records import Descriptor, canonical_json
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from tests.image.conftest import Builder

A, B, C = (f"sha256:{digit * 64}" for digit in "abc")
IMAGE = Reference.parse(f"registry.example.com/dags/sales:v1@{A}").at(digest=A)
LOCK = Lock(
    inputs=B,
    base="docker.io/library/python:3.12-slim",
    base_digest=B,
    packages={
        "linux/amd64": (
            Package(name="requests", version="2.32.3", hashes=(A, B)),
            Package(name="typing-extensions", version="4.12.2", hashes=(C,)),
        )
    },
    agent={"linux/amd64": (Package(name="typing-extensions", version="4.12.2", hashes=(C,)),)},
)


def the_sbom() -> dict[str, object]:
    return sbom(LOCK, "linux/amd64", dag_id="sales", version="v1", image=IMAGE)


def test_the_sbom_is_valid_by_cyclonedx_own_schema() -> None:
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(the_sbom()))
    assert errors is None, errors


def test_the_sbom_names_every_package_and_the_base_by_digest() -> None:
    found = {one["bom-ref"]: one for one in the_sbom()["components"]}  # type: ignore[attr-defined]
    assert "dependencies:pkg:pypi/requests@2.32.3" in found
    assert "agent:pkg:pypi/typing-extensions@4.12.2" in found
    (base,) = (one for one in found.values() if one["type"] == "container")
    assert base["purl"].startswith(f"pkg:oci/python@sha256%3A{'b' * 64}?repository_url=docker.io/library")
    wheels = found["dependencies:pkg:pypi/requests@2.32.3"]["properties"]
    assert [one["value"] for one in wheels if one["name"] == "leoflow:wheel"] == [A, B]


def test_the_same_lock_and_image_give_the_same_bytes() -> None:
    assert canonical_json(the_sbom()) == canonical_json(the_sbom())


def test_package_urls() -> None:
    assert python_purl("Typing_Extensions", "4.12.2+local") == "pkg:pypi/typing-extensions@4.12.2%2Blocal"
    assert oci_purl(IMAGE) == (
        f"pkg:oci/sales@sha256%3A{'a' * 64}?repository_url=registry.example.com/dags/sales"
    )


def test_the_provenance_is_a_statement_of_slsa() -> None:
    commit = Commit(digest="1" * 40, uri="git+https://git.example.com/dags.git", is_clean=False)
    found = provenance(LOCK, [IMAGE], dag_id="sales", version="v1", source_date_epoch=0, commit=commit)
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["subject"] == [{"name": "registry.example.com/dags/sales", "digest": {"sha256": "a" * 64}}]
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    definition = found["predicate"]["buildDefinition"]
    source, base, *packages = definition["resolvedDependencies"]
    assert source == {
        "name": "source",
        "digest": {"gitCommit": "1" * 40},
        "uri": f"git+https://git.example.com/dags.git@{'1' * 40}",
        "annotations": {"changed_since": True},
    }
    assert base["digest"] == {"sha256": "b" * 64}
    assert [one["name"] for one in packages] == ["requests", "typing-extensions"]
    # What SLSA asks of build definition and run details.
    assert set(definition) == {
        "buildType",
        "externalParameters",
        "internalParameters",
        "resolvedDependencies",
    }
    assert found["predicate"]["runDetails"]["builder"]["id"].startswith("https://")


REMOTES = {
    "https://git.example.com/dags.git": "git+https://git.example.com/dags.git",
    "https://alice:s3cret@git.example.com/dags.git": "git+https://git.example.com/dags.git",
    "https://t0ken@git.example.com:8443/dags": "git+https://git.example.com:8443/dags",
    "https://git.example.com/dags?token=s3cret#x": "git+https://git.example.com/dags",
    "ssh://git@git.example.com/dags.git": "git+ssh://git.example.com/dags.git",
    "git@git.example.com:team/dags.git": "git+ssh://git.example.com/team/dags.git",
    "/home/alice/dags": None,
    "../dags": None,
    "file:///home/alice/dags": None,
    "https://[broken": None,
}


@pytest.mark.parametrize(("remote", "shown"), REMOTES.items())
def test_a_remote_is_shown_without_what_logs_in(remote: str, shown: str | None) -> None:
    assert without_credentials(remote) == shown


def test_what_git_says_of_a_folder(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        settings = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        done = subprocess.run(
            ["git", *settings, "-C", str(tmp_path), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert commit_of(tmp_path) is None
    git("init")
    assert commit_of(tmp_path) is None
    (tmp_path / "dag.py").write_text("")
    git("add", ".")
    git("commit", "-m", "first")
    digest = git("rev-parse", "HEAD")
    assert commit_of(tmp_path) == Commit(digest=digest, uri=None, is_clean=True)
    git("remote", "add", "origin", "https://alice:s3cret@git.example.com/dags.git")
    (tmp_path / "dag.py").write_text("changed")
    found = commit_of(tmp_path)
    assert found is not None
    assert (found.is_clean, found.uri) == (False, "git+https://git.example.com/dags.git")


def test_documents_are_attached_once(builder: Builder, tmp_path: Path) -> None:
    project = builder.project(tmp_path / "sales", dependencies="[]")
    lock = builder.lock(project)
    image = builder.image(project, lock, tmp_path / "cache")
    target = builder.push(image).at(tag="v1")
    registry = builder.connect(target)

    def attach() -> int:
        documents = attach_documents(registry, target, image, lock, dag_id="sales", folder=project.root)
        return sum(one.sent for one in documents)

    assert attach() > 0
    assert attach() == 0
    found = registry.referrers(target.repository, image.digest)
    assert sorted(str(one.artifact_type) for one in found) == [
        "application/vnd.cyclonedx+json",
        "application/vnd.in-toto+json",
    ]
    (one,) = registry.referrers(target.repository, image.digest, "application/vnd.cyclonedx+json")
    document = attached(registry, target.repository, one)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    assert image.digest.removeprefix("sha256:").encode() in document


def attached(registry: Registry, repository: str, referrer: Descriptor) -> bytes:
    """As anybody reads it: the manifest, and its one layer."""
    _, data = registry.get_manifest(repository, referrer.digest)
    (layer,) = json.loads(data)["layers"]
    return registry.read_blob(repository, Descriptor.from_json(layer), limit=1 << 20)

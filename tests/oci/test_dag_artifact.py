"""The artifact in a registry: what is pushed comes back, what strangers put there is refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.artifact.canonical import canonical_bytes
from leoflow_runtime.oci import errors
from leoflow_runtime.oci.dag_artifact import DOCUMENT, Limits, pull_dag_artifact, push_dag_artifact
from leoflow_runtime.oci.parsing import Malformed, parse_json
from leoflow_runtime.oci.records import (
    DAG_ARTIFACT,
    DAG_SOURCE,
    EMPTY,
    INDEX,
    MANIFEST,
    Descriptor,
    canonical_json,
    digest_of,
)
from leoflow_runtime.oci.registry import Registry
from tests.registry_server import RegistryServer

REPOSITORY = "dags/artifacts"
DAG = {"schema_version": "1.0", "dag_id": "sales", "dag_version": "v1", "tasks": []}


@pytest.fixture
def registry(server: RegistryServer) -> Iterator[Registry]:
    with Registry(server.host) as client:
        yield client


def push_image(registry: Registry) -> Descriptor:
    """An image that is none: whatever has a digest will do."""
    registry.push_bytes(REPOSITORY, b"{}")
    data = canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": Descriptor.of(b"{}", EMPTY).to_json(),
            "layers": [],
        }
    )
    return registry.put_manifest(REPOSITORY, "image", data, MANIFEST)


def test_document_source_image_and_annotations_come_back(registry: Registry) -> None:
    image = push_image(registry)
    document = {**DAG, "image": f"{registry.host}/{REPOSITORY}@{image.digest}"}
    stored = push_dag_artifact(
        registry,
        REPOSITORY,
        "v1-dag",
        document,
        image=image,
        source=b"the source",
        annotations={"org.example.team": "sales"},
    )
    found = pull_dag_artifact(registry, REPOSITORY, "v1-dag")
    assert (found.document, found.digest, found.image) == (document, stored.digest, image.digest)
    assert found.annotations == {
        "org.opencontainers.image.title": "sales",
        "org.opencontainers.image.version": "v1",
        "org.example.team": "sales",
    }
    assert found.source is not None
    assert registry.read_blob(REPOSITORY, found.source, limit=100) == b"the source"


def test_the_same_inputs_give_the_same_digest(registry: Registry) -> None:
    first = push_dag_artifact(registry, REPOSITORY, "one", DAG)
    second = push_dag_artifact(registry, REPOSITORY, "two", dict(reversed(DAG.items())))
    assert first == second


def put(registry: Registry, content: bytes = b'{"dag_id": "x"}', **changes: Any) -> str:
    """An artifact with what the test changes in its manifest; gives its digest."""
    registry.push_bytes(REPOSITORY, content)
    registry.push_bytes(REPOSITORY, b"{}")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": DAG_ARTIFACT,
        "config": Descriptor.of(b"{}", EMPTY).to_json(),
        "layers": [Descriptor.of(content, DOCUMENT).to_json()],
        **changes,
    }
    data = canonical_json(manifest)
    return registry.put_manifest(REPOSITORY, digest_of(data), data, MANIFEST).digest


SOURCE = Descriptor.of(b"{}", DAG_SOURCE).to_json()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"artifactType": "application/vnd.example.cake"}, "is no DAG artifact: it is something else"),
        ({"layers": []}, "is no DAG artifact: it has 0 layers of type application/vnd.leoflow.dag.document"),
        ({"layers": [Descriptor.of(b"{}", DOCUMENT).to_json()] * 2}, "it has 2 layers of type"),
        ({"layers": [Descriptor.of(b"{}", DOCUMENT).to_json(), SOURCE, SOURCE]}, "it has 2 layers of type"),
        ({"layers": [SOURCE] * 17}, "its layers are no list, or too many"),
    ],
)
def test_a_manifest_that_is_none_of_ours_is_refused(
    registry: Registry, changes: dict[str, Any], told: str
) -> None:
    digest = put(registry, **changes)
    with pytest.raises(errors.BadAnswer, match="is no DAG artifact") as caught:
        pull_dag_artifact(registry, REPOSITORY, digest)
    assert told in caught.value.message
    assert f"{REPOSITORY}@{digest} on {registry.host}" in caught.value.message


def test_an_index_is_no_artifact(registry: Registry) -> None:
    index = canonical_json(
        {"schemaVersion": 2, "mediaType": INDEX, "artifactType": DAG_ARTIFACT, "manifests": []}
    )
    registry.put_manifest(REPOSITORY, "index", index, INDEX)
    with pytest.raises(errors.BadAnswer, match="its layers are no list"):
        pull_dag_artifact(registry, REPOSITORY, "index")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "it is not JSON"),
        (b"[]", "it is no object"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"dag_id": "x", "dag_id": "y"}', "the key 'dag_id' is there twice"),
        (b'{"a": "\\ud800"}', "it is not UTF-8"),
        (b"\xff", "it is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "it is not UTF-8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b'{"a": ' + b"[" * 101 + b"]" * 101 + b"}", "it is nested deeper than 100"),
        (b"[" * 100_000, "it is nested deeper than 100"),
    ],
)
def test_a_document_that_reads_differently_elsewhere_or_harms_is_refused(
    registry: Registry, content: bytes, told: str
) -> None:
    with pytest.raises(errors.BadAnswer) as caught:
        pull_dag_artifact(registry, REPOSITORY, put(registry, content))
    assert "the dag.json of dags/artifacts@sha256:" in caught.value.message
    assert told in caught.value.message


def test_what_is_too_large_is_not_fetched(registry: Registry) -> None:
    digest = put(registry, canonical_bytes(DAG))
    with pytest.raises(errors.TooLarge, match="at most 10 are read"):
        pull_dag_artifact(registry, REPOSITORY, digest, limits=Limits(document=10))
    push_dag_artifact(registry, REPOSITORY, "large", DAG, source=b"x" * 11)
    with pytest.raises(errors.TooLarge, match=r"the source in .* has 11 bytes"):
        pull_dag_artifact(registry, REPOSITORY, "large", limits=Limits(source=10))


@pytest.mark.parametrize(
    "named", ["registry.example.com/x@" + digest_of(b"other"), "registry.example.com/x:v1", "No Name"]
)
def test_manifest_and_document_name_the_same_image(registry: Registry, named: str) -> None:
    image = push_image(registry)
    push_dag_artifact(registry, REPOSITORY, "two-faced", {**DAG, "image": named}, image=image)
    with pytest.raises(errors.BadAnswer, match=r"the dag.json of .* cannot be used"):
        pull_dag_artifact(registry, REPOSITORY, "two-faced")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(JSON)
def test_ordinary_json_is_read_as_it_is_written(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=80) | st.text('[]{}:,"\\ud0123.e-NaNtruefalse', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_json(data)
    except Malformed:
        return
    json.loads(data)


def nested(depth: int, around: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = around(value)
    return value


@pytest.mark.parametrize("around", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_the_depth_is_counted_in_objects_and_lists(around: Callable[[Any], Any]) -> None:
    parse_json(json.dumps(nested(5, around)).encode(), depth=5)
    with pytest.raises(Malformed, match="deeper than 5"):
        parse_json(json.dumps(nested(6, around)).encode(), depth=5)

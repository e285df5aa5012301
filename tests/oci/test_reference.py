"""Names of images and artifacts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.oci.reference import BadReference, Reference, is_loopback

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("python:3.11-slim", "docker.io/library/python:3.11-slim"),
        ("bitnami/spark", "docker.io/bitnami/spark"),
        ("docker.io/python", "docker.io/library/python"),
        ("oci://registry.example.com/dags/sales:prod", "registry.example.com/dags/sales:prod"),
        ("localhost:5000/sales", "localhost:5000/sales"),
        ("localhost/sales:v1", "localhost/sales:v1"),
        (f"127.0.0.1:5000/a/b:v1@{DIGEST}", f"127.0.0.1:5000/a/b:v1@{DIGEST}"),
        (f"[::1]:5000/a@{DIGEST}", f"[::1]:5000/a@{DIGEST}"),
    ],
)
def test_what_people_write_is_completed(text: str, whole: str) -> None:
    assert str(Reference.parse(text)) == whole


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no valid name"),
        ("Sales:v1", "has no valid name"),
        ("registry.example.com/Sales", "has no valid name"),
        ("registry.example.com/sales:", "has no valid tag"),
        ("registry.example.com/sales:.v1", "has no valid tag"),
        ("registry.example.com/sales@sha256:12", "has no valid digest"),
        ("registry.example.com/sales@", "has no valid digest"),
        ("https://registry.example.com/sales", "names no registry"),
        ("bad_host.example.com/sales", "names no registry"),
        ("registry.example.com/../etc", "has no valid name"),
    ],
)
def test_what_names_nothing_is_told(text: str, told: str) -> None:
    with pytest.raises(BadReference, match=told):
        Reference.parse(text)


NAMES = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}", fullmatch=True)


@given(
    st.sampled_from(["registry.example.com", "localhost:5000", "10.0.0.1:5000"]),
    st.lists(NAMES, min_size=1, max_size=3),
    st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True),
    st.none() | st.just(DIGEST),
)
def test_a_reference_is_read_as_it_is_written(
    registry: str, names: list[str], tag: str | None, digest: str | None
) -> None:
    reference = Reference(registry=registry, repository="/".join(names), tag=tag, digest=digest)
    assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = Reference.parse(text)
    except BadReference:
        return
    assert Reference.parse(str(found)) == found


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:80", "127.1.2.3", "[::1]:5000"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.example.com", "10.0.0.1", "127.0.0.1.example.com", "registry:5000"]
)
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)

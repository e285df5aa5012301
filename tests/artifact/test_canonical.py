"""Same inputs, same bytes; labels that people move are not content."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.artifact import canonical_bytes, content_digest, version_label
from leoflow_runtime.artifact.canonical import document_digest

DOCUMENT = {
    "schema_version": "1.0",
    "dag_id": "sales",
    "tasks": [{"task_id": "é", "type": "empty"}],
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=4)


def test_bytes_are_sorted_utf8_with_one_newline() -> None:
    assert canonical_bytes({"b": "é", "a": [1]}) == '{\n  "a": [\n    1\n  ],\n  "b": "é"\n}\n'.encode()


@given(json_objects)
def test_bytes_are_those_of_the_standard_library(document: dict[str, object]) -> None:
    text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    assert canonical_bytes(document) == f"{text}\n".encode()


@given(json_objects)
def test_reading_back_and_writing_again_gives_the_same_bytes(document: dict[str, object]) -> None:
    once = canonical_bytes(document)
    assert canonical_bytes(json.loads(once)) == once


@given(st.permutations(list(DOCUMENT)))
def test_the_order_of_keys_is_no_content(order: list[str]) -> None:
    assert content_digest({key: DOCUMENT[key] for key in order}) == content_digest(DOCUMENT)


def test_image_and_label_are_no_content_but_part_of_the_document() -> None:
    pinned = {**DOCUMENT, "image": "registry/sales@sha256:00", "dag_version": "v2"}
    assert content_digest(pinned) == content_digest(DOCUMENT)
    assert document_digest(pinned) != document_digest(DOCUMENT)


def test_a_changed_description_is_other_content() -> None:
    assert content_digest({**DOCUMENT, "description": "x"}) != content_digest(DOCUMENT)


def test_the_label_is_twelve_hex_digits() -> None:
    assert version_label("sha256:0123456789abcdef") == "0123456789ab"

"""Canonical bytes of a `dag.json` document and the digests that name it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any

# Labels that people move; "same inputs, same bytes" is about everything else.
NOT_CONTENT = frozenset({"image", "dag_version"})


def canonical_bytes(document: Mapping[str, Any]) -> bytes:
    """UTF-8, sorted keys, two-space indent, one trailing newline: the bytes of a `dag.json`."""
    return (_written(document, "\n") + "\n").encode()


def _written(value: Any, line: str) -> str:
    """What `json.dumps` writes, which would indent piece by piece; `line` begins a line at this depth."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    inner = f"{line}  "
    if kind is dict and value and all(type(key) is str for key in value):
        items = [f"{encode_basestring(key)}: {_written(value[key], inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(items)}{line}}}"
    if kind is list and value:
        return f"[{inner}{f',{inner}'.join([_written(item, inner) for item in value])}{line}]"
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.replace("\n", line)  # a string holds no line end


def content_digest(document: Mapping[str, Any]) -> str:
    """`sha256:…` of the canonical document without `image` and `dag_version`."""
    content = {key: value for key, value in document.items() if key not in NOT_CONTENT}
    return "sha256:" + hashlib.sha256(canonical_bytes(content)).hexdigest()


def document_digest(document: Mapping[str, Any]) -> str:
    """`sha256:…` of the whole canonical document: the server's identity of a version."""
    return "sha256:" + hashlib.sha256(canonical_bytes(document)).hexdigest()


def labelled_bytes(content: Mapping[str, Any]) -> tuple[str, bytes]:
    """The default `dag_version` of a document that has none yet, and its canonical bytes with that label.

    Writes the document out once instead of twice: only a top-level key stands behind two spaces.
    """
    data = canonical_bytes(content)
    label = version_label("sha256:" + hashlib.sha256(data).hexdigest())
    following = min(key for key in content if key > "dag_version")
    place = data.index(f'\n  "{following}": '.encode())
    return label, data[:place] + f'\n  "dag_version": "{label}",'.encode() + data[place:]


def version_label(digest: str) -> str:
    """The default `dag_version`: the first 12 hex digits of a content digest."""
    return digest.removeprefix("sha256:")[:12]

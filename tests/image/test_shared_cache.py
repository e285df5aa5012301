"""Entries of the layers that a registry keeps: read as they were written, and never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_compiler.image.layers import Layer
from leoflow_compiler.image.shared_cache import entry_of, read_entry
from leoflow_runtime.oci.records import LAYER_GZIP, LAYER_ZSTD, canonical_json
from leoflow_runtime.oci.reference import Reference

HOME = Reference.parse("registry.example.com/dags/sales")
KEY = f"dependencies-{'3' * 32}"
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda text: f"sha256:{text}")
layers = st.builds(
    Layer,
    name=st.just("dependencies"),
    path=st.none(),
    origin=st.just(HOME),
    digest=digests,
    diff_id=digests,
    size=st.integers(0, 1 << 40),
    files=st.integers(0, 1 << 20),
    media_type=st.sampled_from([LAYER_GZIP, LAYER_ZSTD]),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(layers)
def test_what_was_written_is_read(layer: Layer) -> None:
    assert read_entry(entry_of(KEY, layer), KEY, HOME) == layer


@given(layers, st.data())
def test_whatever_is_changed_is_refused_or_describes_a_layer(layer: Layer, data: st.DataObject) -> None:
    raw: dict[str, Any] = json.loads(entry_of(KEY, layer))
    place: Any = raw
    name = data.draw(st.sampled_from(sorted(raw)))
    while isinstance(place[name], (dict, list)) and place[name] and data.draw(st.booleans()):
        place = place[name]
        name = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[name] = data.draw(values)
    try:
        read = read_entry(canonical_json(raw), KEY, HOME)
    except ValueError:
        return
    assert (read.name, read.path, read.origin) == ("dependencies", None, HOME)


@given(st.binary(max_size=64) | values.map(canonical_json))
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_entry(data, KEY, HOME)


def test_an_entry_counts_for_its_own_key_alone() -> None:
    layer = Layer(
        name="dependencies",
        path=None,
        digest=f"sha256:{'a' * 64}",
        diff_id=f"sha256:{'b' * 64}",
        size=1,
        files=1,
    )
    with pytest.raises(ValueError, match="of another layer"):
        read_entry(entry_of(KEY, layer), f"dependencies-{'4' * 32}", HOME)

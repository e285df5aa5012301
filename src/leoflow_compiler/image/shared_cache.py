"""Layers that a registry has already, found by what went into them: a new machine need not make them again.

An entry is a manifest under the tag KEY, the layer's key in the cache of this machine: it names the layer, so
that the registry keeps it, and says in annotations what a manifest has no place for. Whoever writes entries
decides what images hold. They lie in the repository of the image itself, whose writers decide that anyway, or
in one that the project names. Where images are signed, entries count that the same key has signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoflow_compiler.image.builder import Connect
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.layers import Layer
from leoflow_compiler.image.report import Report
from leoflow_compiler.image.sending import send_layer
from leoflow_runtime.oci.errors import BadAnswer, NotFound, RegistryError
from leoflow_runtime.oci.parsing import parse_json
from leoflow_runtime.oci.records import (
    EMPTY,
    LAYER_GZIP,
    LAYER_ZSTD,
    MANIFEST,
    Descriptor,
    canonical_json,
    is_digest,
)
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry

if TYPE_CHECKING:
    from leoflow_runtime.oci.keys import PrivateKey

ENTRY = "application/vnd.leoflow.layer.v1+json"
_KEY, _DIFF_ID, _FILES = (f"dev.leoflow.layer.{name}" for name in ("key", "diff-id", "files"))
_SHARED = ("dependencies", "agent")  # code is small, and never the same for long
_NOTHING = b"{}"


@dataclass(kw_only=True, slots=True)
class SharedCache:
    """The cache of this machine, then entries in `home`, a repository; used where a LayerCache is."""

    local: LayerCache
    connect: Connect
    home: Reference  # without a tag
    report: Report
    key: PrivateKey | None = None  # signs entries, and is the only one that is trusted
    _keys: dict[str, str] = field(default_factory=dict)  # by the layer's digest

    @property
    def registry(self) -> Registry:
        return self.connect(self.home)

    def get(self, key: str) -> Layer | None:
        layer = self.local.get(key)
        if layer is None and key.startswith(_SHARED):
            layer = self._from_registry(key)
        return self._known(key, layer) if layer is not None else None

    def put(self, key: str, make: Callable[[Path], Layer]) -> Layer:
        """Packs a layer, for this machine. Raises OSError."""
        return self._known(key, self.local.put(key, make))

    def keep(self, layers: Iterable[Layer]) -> None:
        """Writes entries for layers of this machine that were pushed; where that fails, a note says so.

        Raises OSError.
        """
        for layer in layers:
            key = self._keys.get(layer.digest, "")
            if layer.path is None or not key.startswith(_SHARED):
                continue
            try:
                self._write(key, layer)
            except RegistryError as error:
                self.report.note(f"{self.home} does not keep the layer {layer.name}: {error.message}")

    def _known(self, key: str, layer: Layer) -> Layer:
        self._keys[layer.digest] = key
        return layer

    def _from_registry(self, key: str) -> Layer | None:
        """What an entry says; None where there is none that can be used."""
        kind = key.partition("-")[0]
        try:
            descriptor, data = self.registry.get_manifest(self.home.repository, key)
            self._check_signature(descriptor.digest)
            layer = read_entry(data, key, self.home)
            if not self.registry.has_blob(self.home.repository, layer.digest):
                raise BadAnswer("its bytes are gone")
        except NotFound:
            return None
        except (RegistryError, ValueError) as error:
            self.report.note(f"the layer {kind} is built, because {self.home}:{key} cannot be used: {error}")
            return None
        return layer

    def _write(self, key: str, layer: Layer) -> None:
        repository, data = self.home.repository, entry_of(key, layer)
        entry = Descriptor.of(data, MANIFEST)
        known = self.registry.head_manifest(repository, key)
        if known is None or known.digest != entry.digest:
            self.report.sent += send_layer(self.registry, self.home, layer, self.connect)
            self.registry.push_bytes(repository, _NOTHING)
            self.registry.put_manifest(repository, key, data, MANIFEST)
        if self.key is not None:
            from leoflow_runtime.oci.signatures import sign

            identity = f"{self.home.registry}/{repository}"
            sign(self.registry, repository, entry.digest, self.key, identity=identity)

    def _check_signature(self, digest: str) -> None:
        """Raises NotSigned, RegistryError."""
        if self.key is not None:
            from leoflow_runtime.oci.signatures import verify_signature

            verify_signature(self.registry, self.home.repository, digest, [self.key.public])


def entry_of(key: str, layer: Layer) -> bytes:
    """The manifest that names a layer; the same layer gives the same bytes."""
    told = {_KEY: key, _DIFF_ID: layer.diff_id, _FILES: str(layer.files)}
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": ENTRY,
            "config": Descriptor.of(_NOTHING, EMPTY).to_json(),
            "layers": [layer.descriptor.to_json()],
            "annotations": told,
        }
    )


def read_entry(data: bytes, key: str, home: Reference) -> Layer:
    """The layer of an entry. Raises ValueError."""
    raw: Any = parse_json(data)
    if not isinstance(raw, dict) or raw.get("artifactType") != ENTRY:
        raise ValueError("it is something else")
    listed, told = raw.get("layers"), raw.get("annotations")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(told, dict):
        raise ValueError("it does not name one layer")
    descriptor, diff_id, files = Descriptor.from_json(listed[0]), told.get(_DIFF_ID), told.get(_FILES)
    if told.get(_KEY) != key:
        raise ValueError("it is of another layer")
    if descriptor.media_type not in (LAYER_GZIP, LAYER_ZSTD) or not is_digest(diff_id):
        raise ValueError("it does not describe a layer")
    return Layer(
        name=key.partition("-")[0],
        path=None,
        origin=home.at(),
        digest=descriptor.digest,
        diff_id=str(diff_id),
        size=descriptor.size,
        files=int(files) if isinstance(files, str) and files.isdecimal() else 0,
        media_type=descriptor.media_type,
    )

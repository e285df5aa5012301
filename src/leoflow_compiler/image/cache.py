"""Layers that were packed before, by what went into them. A layer is complete or not there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from leoflow_compiler.image.layers import Layer

_KEEP = 20  # layers; the least recently used go first
_ARCHIVE = "layer.tar"  # compressed
_SENT = "sent"  # a line for each repository that has it: registry, space, repository


class Layers(Protocol):
    """Where layers are found by what went into them, or made."""

    def get(self, key: str) -> Layer | None: ...

    def put(self, key: str, make: Callable[[Path], Layer]) -> Layer: ...


class LayerCache:
    """A folder with a subfolder for each layer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Layer | None:
        entry = self.folder / key
        try:
            raw = json.loads((entry / "layer.json").read_text("utf-8"))
            archive = entry / _ARCHIVE
            if archive.stat().st_size != raw["size"]:
                return None
            os.utime(entry)
            return Layer(**{**raw, "path": archive, "origin": None})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, make: Callable[[Path], Layer]) -> Layer:
        """Packs a layer with `make`, which gets the file to write. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
        try:
            layer = make(work / _ARCHIVE)
            raw = {**asdict(layer), "path": ""}
            (work / "layer.json").write_text(json.dumps(raw), "utf-8")
            entry = self.folder / key
            try:
                os.rename(work, entry)
            except OSError:  # another process was faster
                shutil.rmtree(entry, ignore_errors=True)
                os.rename(work, entry)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self._prune()
        return Layer(**{**raw, "path": entry / _ARCHIVE})

    def _prune(self) -> None:
        entries = [entry for entry in self.folder.iterdir() if not entry.name.startswith(".")]
        entries.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
        for entry in entries[_KEEP:]:
            shutil.rmtree(entry, ignore_errors=True)


def sent_to(layer: Layer, registry: str) -> list[str]:
    """Repositories of a registry that were sent this layer, the latest first: for mounting it."""
    if layer.path is None:
        return []
    try:
        lines = (layer.path.parent / _SENT).read_text("utf-8").splitlines()
    except OSError:
        return []
    pairs = (line.partition(" ") for line in reversed(lines))
    return list(dict.fromkeys(repository for host, _, repository in pairs if host == registry))[:3]


def remember_sent(layer: Layer, registry: str, repository: str) -> None:
    """A memory that may be lost: then a layer is sent twice."""
    if layer.path is None:
        return
    with suppress(OSError), (layer.path.parent / _SENT).open("a", encoding="utf-8") as file:
        file.write(f"{registry} {repository}\n")


def layer_cache(environ: Mapping[str, str]) -> LayerCache:
    """Beside the compiler's own cache: `LEOFLOW_CACHE_DIR`, else the user's cache folder."""
    chosen = environ.get("LEOFLOW_CACHE_DIR")
    folder = (
        Path(chosen) if chosen else Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leoflow"
    )
    return LayerCache(folder / "layers")

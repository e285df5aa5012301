"""An artifact in one file, for sites without a network: a tar of an OCI image layout.

OCI image specification 1.1, image-layout.md. `skopeo` and `podman` read it as `oci-archive:FILE`.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from leoflow_runtime.oci.closure import BLOBS, MANIFESTS, Closure, Source
from leoflow_runtime.oci.errors import BadAnswer, DigestMismatch, NotFound, TooLarge
from leoflow_runtime.oci.parsing import parse_json
from leoflow_runtime.oci.records import INDEX, Descriptor, canonical_json, is_digest
from leoflow_runtime.oci.reference import is_tag
from leoflow_runtime.oci.registry import MANIFEST_LIMIT

REF_NAME = "org.opencontainers.image.ref.name"
_MARK, _INDEX = "oci-layout", "index.json"
_VERSION = {"imageLayoutVersion": "1.0.0"}
_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
_READ = 1 << 20


def write_layout(closure: Closure, source: Source, target: Path, said: Callable[[int], None]) -> None:
    """Writes the file in one step: it is there as a whole, or not at all. The same closure, the same bytes.

    `said` gets the bytes of each blob that is written. Raises RegistryError, OSError.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with (
            partial.open("wb") as out,
            tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            _add(tar, _MARK, canonical_json(_VERSION))
            _add(tar, _INDEX, canonical_json(_index(closure)))
            for digest in sorted({*closure.manifests, *closure.blobs}):
                name = f"blobs/{digest.replace(':', '/')}"
                if digest in closure.manifests:
                    _add(tar, name, closure.manifests[digest].data)
                else:
                    blob = closure.blobs[digest]
                    tar.addfile(_entry(name, blob.size), _Pieces(source.get_blob(blob)))
                    said(blob.size)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _index(closure: Closure) -> dict[str, Any]:
    """Every tag, and referrers that have none: nothing else names them."""
    entries = []
    for tag, digest in sorted(closure.tags.items()):
        descriptor = closure.manifests[digest].descriptor
        entries.append(replace(descriptor, annotations={REF_NAME: tag}).to_json())
    tagged = set(closure.tags.values())
    for digest, one in sorted(closure.manifests.items()):
        if one.is_referrer and digest not in tagged:
            entries.append(one.descriptor.to_json())
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_entry(name, len(data)), io.BytesIO(data))


class _Pieces(io.RawIOBase):
    """An iterator of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        parts, wanted = [], size
        while wanted > 0 or size < 0:
            piece = self._rest or next(self._pieces, b"")
            if not piece:
                break
            taken = piece if size < 0 else piece[:wanted]
            self._rest = piece[len(taken) :]
            wanted -= len(taken)
            parts.append(taken)
        return b"".join(parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A Source: an exported file, which may come from anybody. Every digest is verified."""

    name: str
    tar: tarfile.TarFile
    members: dict[str, tarfile.TarInfo]  # by digest
    entries: tuple[Descriptor, ...]  # of index.json
    lock: Lock = field(default_factory=Lock)  # all members are read through one file

    def get_manifest(self, version: str) -> tuple[Descriptor, bytes]:
        """Raises RegistryError."""
        known = {one.annotations.get(REF_NAME): one for one in self.entries} | {
            one.digest: one for one in self.entries
        }
        digest = version if is_digest(version) else known[version].digest if version in known else ""
        if digest not in self.members:
            raise NotFound(f"{self.name} has no {version}")
        size = self.members[digest].size
        if size > MANIFEST_LIMIT:
            raise TooLarge(f"the manifest {digest} in {self.name} has more than {MANIFEST_LIMIT:,} bytes")
        data = b"".join(self._verified(digest, size))
        try:
            document = parse_json(data)
            told = document.get("mediaType") if isinstance(document, dict) else None
        except ValueError as error:
            raise BadAnswer(f"{digest} in {self.name} is no manifest: {error}") from error
        media_type = told if isinstance(told, str) else known[digest].media_type if digest in known else ""
        return Descriptor.of(data, media_type), data

    def get_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """Raises RegistryError."""
        if descriptor.digest not in self.members:
            raise NotFound(f"{self.name} has no {descriptor.digest}")
        return self._verified(descriptor.digest, descriptor.size)

    def closure(self) -> Closure:
        """All that index.json names. Raises RegistryError."""
        found = Closure()
        for entry in self.entries:
            digest = found.add(self, entry.digest)
            tag = entry.annotations.get(REF_NAME, "")
            if is_tag(tag):  # some programs write whole references there
                found.tags[tag] = digest
        return found

    def _verified(self, digest: str, size: int) -> Iterator[bytes]:
        member = self.members[digest]
        stream, hashed = self.tar.extractfile(member), hashlib.sha256()
        assert stream is not None  # only ordinary files are members
        while True:
            with self.lock:
                piece = stream.read(_READ)
            if not piece:
                break
            hashed.update(piece)
            yield piece
        if member.size != size or f"sha256:{hashed.hexdigest()}" != digest:
            raise DigestMismatch(f"{self.name} is damaged: {digest} has other bytes than its name says")


@contextmanager
def open_layout(file: Path) -> Iterator[Layout]:
    """Reads an exported file. Raises RegistryError, OSError."""
    with file.open("rb") as stream:
        yield _layout(str(file), stream)


def _layout(name: str, stream: BinaryIO) -> Layout:
    try:
        tar = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115 - the caller closes the file
        members = _members(tar)
        index = parse_json(_content(tar, members, _INDEX))
        mark = parse_json(_content(tar, members, _MARK))
        if mark != _VERSION:
            raise ValueError("it is of another version")
        raw = index.get("manifests") if isinstance(index, dict) else None
        if not isinstance(raw, list) or len(raw) > MANIFESTS:
            raise ValueError("its index.json lists nothing, or too much")
        entries = tuple(Descriptor.from_json(one) for one in raw)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise BadAnswer(f"{name} is no OCI layout in a tar: {error}") from error
    blobs = {f"sha256:{found[1]}": one for path, one in members.items() if (found := _BLOB.fullmatch(path))}
    return Layout(name=name, tar=tar, members=blobs, entries=entries)


def _members(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Its files by path; folders do not matter. Nothing is ever unpacked to the disk. Raises ValueError."""
    found: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        path = member.name.removeprefix("./").rstrip("/")
        if member.isdir():
            continue
        if not member.isreg() or path in found:
            raise ValueError(f"{path[:100]!r} is no ordinary file, or is there twice")
        found[path] = member
        if len(found) > BLOBS + MANIFESTS:
            raise ValueError("it has too many files")
    return found


def _content(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], path: str) -> bytes:
    if path not in members:
        raise ValueError(f"it has no {path}")
    if members[path].size > MANIFEST_LIMIT:
        raise ValueError(f"its {path} is too large")
    stream = tar.extractfile(members[path])
    assert stream is not None
    return stream.read()

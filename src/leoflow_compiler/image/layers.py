"""Layers as reproducible archives: the same files give the same bytes, whoever packs them, wherever and when.

Names are sorted, owners fixed, times those of SOURCE_DATE_EPOCH (default 0), modes 0644 or 0755. The archive
is compressed in pieces, a gzip member each (RFC 1952, 2.2) or a frame of Zstandard (RFC 8878, 3.1), so that
several cores share the work.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from leoflow_compiler.image.errors import ImageError
from leoflow_runtime.oci.records import LAYER_GZIP, LAYER_ZSTD, Descriptor
from leoflow_runtime.oci.reference import Reference

PIECE = 4 << 20  # bytes of the archive in one gzip member
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3

Compression = Literal["gzip", "zstd"]
_MEDIA_TYPES: Mapping[Compression, str] = {"gzip": LAYER_GZIP, "zstd": LAYER_ZSTD}
Entry = Path | bytes | None  # a file, its contents, or a folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One compressed archive: on this machine, or (`path` None) in the repository `origin`."""

    name: str  # what it holds, for people: "code", "dependencies", "agent"
    path: Path | None
    digest: str  # of the compressed bytes
    diff_id: str  # of the archive
    size: int  # compressed
    files: int
    media_type: str = LAYER_GZIP
    origin: Reference | None = None

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(media_type=self.media_type, digest=self.digest, size=self.size)


def epoch(environ: Mapping[str, str] = os.environ) -> int:
    """The time of every file, in seconds (reproducible-builds.org, "SOURCE_DATE_EPOCH")."""
    text = environ.get("SOURCE_DATE_EPOCH", "0")
    return int(text) if text.isdigit() else 0


def pack(
    name: str,
    entries: Mapping[str, Entry],
    target: Path,
    *,
    executable: frozenset[str] = frozenset(),
    owners: Mapping[str, int] | None = None,
    time: int = 0,
    compression: Compression = "gzip",
) -> Layer:
    """Writes the archive of `entries` (path in the image, without a leading slash) to `target`.

    Folders above an entry are added. `owners`: user ids of entries that are not root's. Raises OSError, and
    ImageError where Zstandard is asked for and not installed.
    """
    compress = _compressor(compression)
    complete = dict(entries)
    for path in entries:
        for folder in _above(path):
            complete.setdefault(folder, None)
    archive = hashlib.sha256()
    compressed = hashlib.sha256()
    size = 0
    with target.open("wb") as out, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for piece, member in _compressed(_archived(complete, executable, owners or {}, time), compress, pool):
            archive.update(piece)
            compressed.update(member)
            size += len(member)
            out.write(member)
    return Layer(
        name=name,
        path=target,
        digest=f"sha256:{compressed.hexdigest()}",
        diff_id=f"sha256:{archive.hexdigest()}",
        size=size,
        files=sum(entry is not None for entry in entries.values()),
        media_type=_MEDIA_TYPES[compression],
    )


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def _archived(
    entries: Mapping[str, Entry], executable: frozenset[str], owners: Mapping[str, int], time: int
) -> Iterator[bytes]:
    """The archive in pieces of PIECE bytes, the last one shorter."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(entries):
            _add(archive, path, entries[path], path in executable, owners.get(path, 0), time)
            yield from _full_pieces(buffer)
    yield from _full_pieces(buffer)
    if buffer.getvalue():
        yield buffer.getvalue()


def _full_pieces(buffer: io.BytesIO) -> Iterator[bytes]:
    if buffer.tell() < PIECE:
        return
    data = buffer.getvalue()
    whole = len(data) - len(data) % PIECE
    for start in range(0, whole, PIECE):
        yield data[start : start + PIECE]
    buffer.seek(0)
    buffer.truncate()
    buffer.write(data[whole:])


def _add(
    archive: tarfile.TarFile, path: str, entry: Entry, is_executable: bool, owner: int, time: int
) -> None:
    info = tarfile.TarInfo(path)
    info.mtime, info.uid, info.gid = time, owner, owner
    if entry is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
        return
    info.mode = 0o755 if is_executable else 0o644
    data = entry if isinstance(entry, bytes) else entry.read_bytes()
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _compressor(compression: Compression) -> Callable[[bytes], bytes]:
    if compression == "gzip":
        return partial(gzip.compress, compresslevel=_GZIP_LEVEL, mtime=0)
    try:
        import zstandard
    except ModuleNotFoundError:
        raise ImageError(
            "`build.compression: zstd` needs the Python package zstandard", hint="pip install 'leoflow[zstd]'"
        ) from None
    # A compressor serves one thread.
    return lambda piece: zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compress(piece)


def _compressed(
    pieces: Iterator[bytes], compress: Callable[[bytes], bytes], pool: ThreadPoolExecutor
) -> Iterator[tuple[bytes, bytes]]:
    """Each piece with its compressed form, in order; few of them wait at a time."""
    waiting = []
    for piece in pieces:
        waiting.append((piece, pool.submit(compress, piece)))
        if len(waiting) > 4:
            done, member = waiting.pop(0)
            yield done, member.result()
    for piece, member in waiting:
        yield piece, member.result()

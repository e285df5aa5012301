"""The same files give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from leoflow_compiler.image.layers import PIECE, epoch, pack
from leoflow_runtime.oci.records import LAYER_ZSTD


def test_a_layer_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    digests = set()
    for number, umask in enumerate((0o022, 0o077)):
        folder = tmp_path / f"place {number}"
        before = os.umask(umask)
        try:
            folder.mkdir()
            (folder / "ü.py").write_text("x = 1\n")
            (folder / "run").write_text("#!/bin/sh\n")
        finally:
            os.umask(before)
        os.utime(folder / "run", (number, number))
        names = [("dag/run", folder / "run"), ("dag/deep/ü.py", folder / "ü.py")]
        entries = dict(names if number else reversed(names))
        layer = pack("code", entries, tmp_path / f"{number}.tar.gz", executable=frozenset({"dag/run"}))
        digests.add((layer.digest, layer.diff_id, layer.size))
        with tarfile.open(layer.path) as archive:
            shown = [(one.name, oct(one.mode), one.uid, one.mtime) for one in archive]
        assert shown == [
            ("dag", "0o755", 0, 0),
            ("dag/deep", "0o755", 0, 0),
            ("dag/deep/ü.py", "0o644", 0, 0),
            ("dag/run", "0o755", 0, 0),
        ]
    assert len(digests) == 1


def test_a_large_layer_is_compressed_in_pieces_and_read_as_one(tmp_path: Path) -> None:
    data = os.urandom(2 * PIECE + 12345)
    layer = pack("data", {"data.bin": data, "small": b"s"}, tmp_path / "layer.tar.gz")
    raw = layer.path.read_bytes()
    assert layer.digest == "sha256:" + hashlib.sha256(raw).hexdigest()
    assert layer.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(raw)).hexdigest()
    with tarfile.open(layer.path) as archive:
        found = archive.extractfile("data.bin")
        assert found is not None
        assert found.read() == data


@pytest.mark.parametrize(
    ("environ", "time"),
    [({}, 0), ({"SOURCE_DATE_EPOCH": "1700000000"}, 1700000000), ({"SOURCE_DATE_EPOCH": "x"}, 0)],
)
def test_the_time_of_files(environ: dict[str, str], time: int) -> None:
    assert epoch(environ) == time


def test_zstandard_on_request(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    data = os.urandom(PIECE + 1)
    layer = pack("data", {"data.bin": data}, tmp_path / "layer.tar.zst", compression="zstd")
    assert layer.media_type == LAYER_ZSTD
    with layer.path.open("rb") as file:
        archive = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    assert layer.diff_id == "sha256:" + hashlib.sha256(archive).hexdigest()
    assert data in archive

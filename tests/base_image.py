"""A small Python image from Debian's packages, pushed to a registry of the tests: no public one is needed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from leoflow_runtime.oci.records import (
    CONFIG,
    MANIFEST,
    Descriptor,
    canonical_json,
    digest_of,
)
from leoflow_runtime.oci.registry import Registry
from tests.once import one_at_a_time

ROOT = Path(__file__).parents[1]
REPOSITORY = "library/python"
TAG = "3.11-slim"
PYTHON_VERSION = "3.11"  # Debian 12's
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_LEFT_OUT = ("doc", "locale", "man", "info")


def root_archive() -> Path:
    """The files of the image, with pip and apt as in python:slim; made once, in half a minute, and kept."""
    archive = ROOT / ".cache" / "images" / "debian-python-pip-apt.tar"
    with one_at_a_time(archive):
        if not archive.exists():
            _make(archive)
    return archive


def _make(archive: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    new = archive.with_suffix(".new")
    packages = "python3,python3-pip,libstdc++6,ca-certificates,apt"
    command = ["mmdebstrap", "--quiet", "--variant=essential", f"--include={packages}"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
    subprocess.run([*command, "--format=tar", "bookworm", str(new)], check=True, timeout=600)
    new.rename(archive)


def push_base(host: str, *, repository: str = REPOSITORY, tag: str = TAG, architecture: str = "amd64") -> str:
    """Pushes it; gives the digest of its manifest. For another architecture the bytes only claim to be."""
    archive = root_archive()
    with archive.open("rb") as stream:
        digest = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    config = canonical_json(
        {
            "os": "linux",
            "architecture": architecture,
            "config": {
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "Cmd": ["python3"],
            },
            "history": [{"created_by": "mmdebstrap"}],
            "rootfs": {"type": "layers", "diff_ids": [digest]},
        }
    )
    layer = Descriptor(media_type=_LAYER, digest=digest, size=archive.stat().st_size)
    manifest = canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": Descriptor.of(config, CONFIG).to_json(),
            "layers": [layer.to_json()],
        }
    )
    with Registry(host) as registry:
        registry.push_blob(repository, digest, layer.size, lambda: archive.open("rb"))
        registry.push_bytes(repository, config)
        registry.put_manifest(repository, tag, manifest, MANIFEST)
    return digest_of(manifest)

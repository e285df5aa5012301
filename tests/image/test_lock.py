"""`leoflow.lock`: what an image is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.image import uv
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.lock import Lock, inputs_of, read_lock, write_lock
from leoflow_compiler.project.records import LOCK_FILE
from leoflow_runtime.oci.records import Platform
from tests.image.conftest import Builder

AMD64 = Platform.parse("linux/amd64")


def test_a_lock_pins_the_base_and_every_package(builder: Builder, tmp_path: Path) -> None:
    more = "build: {platforms: [linux/amd64, linux/arm64]}\n"
    project = builder.project(tmp_path / "p", dependencies="['markupsafe>=2,<3']", more=more)
    lock = builder.lock(project)
    assert lock.base_digest.startswith("sha256:")
    assert set(lock.packages) == {"linux/amd64", "linux/arm64"}
    (package,) = lock.packages["linux/arm64"]
    assert package.name == "markupsafe"
    assert package.hashes
    assert [one.name for one in lock.agent["linux/amd64"]] == ["grpcio", "protobuf", "typing-extensions"]
    assert write_lock(project.root, lock)
    assert not write_lock(project.root, lock)
    assert read_lock(project.root) == lock
    assert lock.inputs == inputs_of(project.config)


def test_another_dependency_makes_a_lock_stale(builder: Builder, tmp_path: Path) -> None:
    first = builder.project(tmp_path / "a", dependencies="[requests]")
    second = builder.project(tmp_path / "b", dependencies="[requests, pandas]")
    assert inputs_of(first.config) != inputs_of(second.config)


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"lock_version": 9}', b'{"lock_version": 1}'])
def test_a_lock_that_cannot_be_read_is_told(data: bytes, tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_bytes(data)
    with pytest.raises(ImageError, match=r"leoflow\.lock cannot be read: .+"):
        read_lock(tmp_path)
    with pytest.raises(ValueError, match=r".+"):
        Lock.from_bytes(data)


@pytest.mark.parametrize(
    ("requirement", "told"),
    [
        ("pyspark==3.5.0", "`pyspark==3.5.0` is published without a wheel for this platform"),
        ("requests==99", "the dependencies cannot be resolved: Because there is no version of requests==99"),
        ("leoflow-does-not-exist-anywhere", "was not found in the package registry"),
    ],
)
def test_what_cannot_be_resolved_is_told_in_one_sentence(requirement: str, told: str) -> None:
    with pytest.raises(ImageError) as caught:
        uv.resolve([requirement], python_version="3.11", platform=AMD64)
    assert told in caught.value.message
    assert "\n" not in caught.value.message

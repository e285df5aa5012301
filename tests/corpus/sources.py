"""Fetches other people's DAG files, which are never kept here: out of the pinned source archives on PyPI.

The folder that comes out is laid out as `<root>/<path>` of the answers' file: `A/<distribution>/…`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import venv
from collections.abc import Iterator
from pathlib import Path

from tests.once import one_at_a_time

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
CACHE = HERE.parents[1] / ".cache" / "corpus"
# pip asks an archive's build back end for its metadata, also where nothing is built.
_BACK_ENDS = (
    "flit_core==3.12.0",
    "hatchling",
    "GitPython",
    "smart-open",
    "trove-classifiers",
    "hatch-vcs",
    "setuptools",
)
_KEPT = (".py", ".sql", ".json", ".yaml", ".yml", ".txt", ".md", ".sh", ".ipynb")
# For Airflow's unpublished `tests_common`, which its system tests import; the answers were made with them.
_STAND_INS = HERE / "stand_ins"


class NotFetched(Exception):
    """PyPI cannot be reached, or does not have what is pinned."""


def fetched() -> Path:
    """The folder of the files, fetched once for each set of pins. Raises NotFetched."""
    stamp = CACHE / "requirements.txt"
    with one_at_a_time(CACHE):
        if not stamp.is_file() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
            _fetch(stamp)
    return CACHE


def _fetch(stamp: Path) -> None:
    shutil.rmtree(CACHE, ignore_errors=True)
    archives = CACHE / ".archives"
    archives.mkdir(parents=True)
    _download(archives)
    for archive in sorted(archives.iterdir()):
        _unpack(archive)
    shutil.copy(REQUIREMENTS, stamp)


def _download(archives: Path) -> None:
    environment = CACHE / ".venv"
    venv.create(environment, with_pip=True)
    pip = str(environment / "bin" / "pip")
    downloading = [*(pip, "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--no-build-isolation")]
    for command in (
        [pip, "install", "--quiet", *_BACK_ENDS],
        [*downloading, "--require-hashes", "--dest", str(archives), "--requirement", str(REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise NotFetched(done.stderr.strip())


def _unpack(archive: Path) -> None:
    name = archive.name.removesuffix(".tar.gz").rpartition("-")[0].replace("_", "-")
    root = CACHE / "A" / name
    files = dict(_files_of(archive))
    if any(path.startswith("system/") for path in files):
        for stand_in in sorted(_STAND_INS.rglob("*.py")):
            files[stand_in.relative_to(_STAND_INS).as_posix()] = stand_in.read_bytes()
    for path, data in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _files_of(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            path = _wanted(member.name.partition("/")[2])
            stream = opened.extractfile(member) if path and member.isfile() else None
            if path and stream is not None:
                yield path, stream.read()


def _wanted(path: str) -> str | None:
    """A path of an archive as a path of the corpus: example DAGs and system tests, with what they read."""
    parts = path.split("/")
    if not path.endswith(_KEPT) or ".." in parts:
        return None
    if "example_dags" in parts:
        return "/".join(parts[parts.index("example_dags") :])
    if parts[:2] == ["tests", "system"]:
        return "/".join(parts[1:])
    return None


def blob(data: bytes) -> str:
    """The file's hash as git, and the answers, write it."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()

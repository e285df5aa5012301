"""What goes into the layers: packages, the agent, the project's own files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import leoflow_runtime
from leoflow_compiler.image import layout
from leoflow_compiler.image.layers import Entry
from leoflow_compiler.project import Project

_SHEBANG = re.compile(rb"^#!.*")
_PORTABLE = b"#!/usr/bin/env python3"
# The parts of the runtime that an image never uses.
_NOT_IN_IMAGES = frozenset({"engine", "executors", "oci", "schedule", "_resources", "__pycache__"})


def code(project: Project) -> dict[str, Entry]:
    """The bundle of the project, and the folder in which it lies."""
    found: dict[str, Entry] = {layout.CODE: None}
    return found | {f"{layout.CODE}/{path}": file for path, file in project.files.items()}


def runtime() -> dict[str, Entry]:
    """Leoflow's own part of an image: the agent, and what runs tasks."""
    root, version = Path(leoflow_runtime.__file__).parent, metadata.version("leoflow")
    found: dict[str, Entry] = {
        layout.AGENT: layout.AGENT_PROGRAM.encode(),
        f"{layout.SITE}/leoflow-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: leoflow\nVersion: {version}\n".encode()
        ),
    }
    for file in _files(root):
        path = file.relative_to(root)
        if path.parts[0] not in _NOT_IN_IMAGES and "__pycache__" not in path.parts:
            found[f"{layout.SITE}/leoflow_runtime/{path.as_posix()}"] = file
    return found


def stage_runtime(site: Path) -> None:
    """Copies it beside the agent's packages, so that it is compiled with them. Raises OSError."""
    for path, entry in runtime().items():
        if isinstance(entry, Path):
            target = site / Path(path).relative_to(layout.SITE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(entry, target)


def agent_site(site: Path) -> dict[str, Entry]:
    """Leoflow's part, with the packages that were installed for it into `site`."""
    found = runtime() | {layout.SPOOL: None}
    return found | {f"{layout.SITE}/{path}": file for path, file in _installed(site)}


def dependencies(packages: Path) -> dict[str, Entry]:
    """What was installed for the DAG."""
    found: dict[str, Entry] = {layout.PACKAGES: None}
    return found | {f"{layout.PACKAGES}/{path}": file for path, file in _installed(packages)}


def make_portable(packages: Path) -> frozenset[str]:
    """Has installed scripts find Python by name, whatever interpreter installed them; gives their paths."""
    scripts = sorted((packages / "bin").glob("*")) if (packages / "bin").is_dir() else []
    changed: dict[str, bytes] = {}
    for script in scripts:
        data = script.read_bytes()
        if data.startswith(b"#!") and b"python" in data.partition(b"\n")[0]:
            data = _SHEBANG.sub(_PORTABLE, data, count=1)
            _replace(script, data)
        changed[f"bin/{script.name}"] = data
    for record in sorted(packages.glob("*.dist-info/RECORD")):
        _correct(record, changed)
    return frozenset(changed)


def _correct(record: Path, changed: Mapping[str, bytes]) -> None:
    """Brings a list of installed files up to date (PyPA, "Recording installed projects")."""
    rows = list(csv.reader(io.StringIO(record.read_text("utf-8"))))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in sorted(rows):
        name = re.sub(r"^(\.\./)+", "", row[0]) if row else ""
        if name in changed:
            digest = base64.urlsafe_b64encode(hashlib.sha256(changed[name]).digest()).rstrip(b"=").decode()
            row = [row[0], f"sha256={digest}", str(len(changed[name]))]
        writer.writerow(row)
    _replace(record, out.getvalue().encode())


def _replace(file: Path, data: bytes) -> None:
    """Another file in its place: what uv installs may be a link to its cache."""
    mode = file.stat().st_mode
    file.unlink()
    file.write_bytes(data)
    file.chmod(mode)


def compile_bytecode(packages: Path, prefix: str, python: Interpreter) -> None:
    """Compiles what lies in `packages` for the place `prefix` in the image.

    The bytecode names no time of a file (PEP 552, unchecked hash), and strings come in one order. Tests that
    packages bring are left out: half of pandas, and nothing imports them.
    """
    tests = rf"^{re.escape(str(packages))}/(.*/)?tests?/"
    command = [python.path, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-j", "0"]
    # A file for other versions of Python does not compile, which is no harm: status 1.
    subprocess.run(
        [*command, "-x", tests, "-s", str(packages), "-p", f"/{prefix}", str(packages)],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
        capture_output=True,
        timeout=600,
        check=False,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A Python on this machine."""

    path: str
    version: str  # with its patch level: another one may write other bytes


@cache
def interpreter(python_version: str) -> Interpreter | None:
    """One of that minor version, which alone writes bytecode that the image's can read; None: there is none.

    A pandas without bytecode takes three times as long to import.
    """
    if f"{sys.version_info.major}.{sys.version_info.minor}" == python_version:
        return Interpreter(path=sys.executable, version=platform.python_version())
    name = shutil.which(f"python{python_version}")
    if name is None:
        return None
    command = [name, "-I", "-c", "import platform; print(platform.python_version())"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return Interpreter(path=name, version=done.stdout.strip()) if done.returncode == 0 else None


def _installed(packages: Path) -> Iterator[tuple[str, Path]]:
    for file in _files(packages):
        path = file.relative_to(packages).as_posix()
        if not path.startswith(".") and file.name not in (
            "INSTALLER",
            "REQUESTED",
            "direct_url.json",
            "uv_cache.json",
        ):
            yield path, file


def _files(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(path, name)

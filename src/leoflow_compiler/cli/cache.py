"""Results of earlier compilations, found by the bytes of everything that went in."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import leoflow_compiler
import leoflow_runtime
from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.diagnostics.records import Span
from leoflow_compiler.project.records import CONFIG_FILE, KeyPath, Place, Project
from leoflow_runtime.artifact.resources import resource

FORMAT = 2
# A result has some 10 kB; entries that were not written for the longest time go first.
MAX_ENTRIES = 10_000


def cache_directory(environ: Mapping[str, str]) -> Path:
    """`LEOFLOW_CACHE_DIR`, else `~/.cache/leoflow`."""
    chosen = environ.get("LEOFLOW_CACHE_DIR")
    return Path(chosen) if chosen else Path.home() / ".cache" / "leoflow"


def opened_cache(*, disabled: bool) -> CompileCache | None:
    return None if disabled else CompileCache(cache_directory(os.environ))


def input_digest(project: Project) -> str:
    """Hex sha256 over the compiler itself, `leoflow.yaml` and every file of the bundle, names included."""
    digest = hashlib.sha256()
    _feed(digest, f"{FORMAT} {sys.version} {compiler_identity()}".encode())
    _feed(digest, (project.root / CONFIG_FILE).read_bytes())
    for name, path in project.files.items():
        _feed(digest, name.encode())
        with path.open("rb") as stream:
            _feed(digest, hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


class CompileCache:
    """A folder of JSON entries. An entry that cannot be read counts as absent and is written anew.

    Also remembers what clean texts of `leoflow.yaml` say (`project.load.KnownConfigs`).
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "compiled"

    def recall(self, text: str) -> tuple[Any, dict[KeyPath, Place]] | None:
        entry = self.get(_config_key(text))
        if entry is None:
            return None
        places = {
            tuple(path): Place(key=_span(key), value=_span(value)) for path, key, value in entry["places"]
        }
        return entry["config"], places

    def remember(self, text: str, config: tuple[Any, Mapping[KeyPath, Place]]) -> None:
        value, places = config
        found = [[path, _numbers(place.key), _numbers(place.value)] for path, place in places.items()]
        # A folder that cannot be written is told when the result itself is put.
        with suppress(OSError):
            self.put(_config_key(text), {"config": value, "places": found})

    def get(self, key: str) -> dict[str, Any] | None:
        try:
            checksum, _, body = self._entry(key).read_bytes().partition(b"\n")
        except OSError:
            return None
        if checksum.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
            return None
        entry: dict[str, Any] = json.loads(body)
        return entry

    def put(self, key: str, entry: Mapping[str, Any]) -> None:
        """Raises OSError when the folder cannot be written."""
        body = json.dumps(entry, ensure_ascii=False).encode()
        self._directory.mkdir(parents=True, exist_ok=True)
        write_atomically(
            self._entry(key), hashlib.sha256(body).hexdigest().encode() + b"\n" + body, mode=0o600
        )

    def prune(self) -> None:
        """Removes the oldest entries where there are too many: once after a compile, not with each result."""
        with suppress(OSError):
            entries = [entry for entry in os.scandir(self._directory) if entry.name.endswith(".json")]
            if len(entries) > MAX_ENTRIES:
                self._remove(entries)

    def _entry(self, key: str) -> Path:
        return self._directory / f"{key}.json"

    def _remove(self, entries: list[os.DirEntry[str]]) -> None:
        dated: list[tuple[int, str]] = []
        for entry in entries:
            with suppress(FileNotFoundError):  # another process prunes as well
                dated.append((entry.stat().st_mtime_ns, entry.path))
        # A tenth more than needed, so that not every compile has to.
        for _, path in sorted(dated)[: len(dated) - MAX_ENTRIES * 9 // 10]:
            Path(path).unlink(missing_ok=True)


def _feed(digest: Any, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)


def _numbers(span: Span) -> tuple[int, int, int, int]:
    return span.line, span.column, span.end_line, span.end_column


def _span(numbers: list[int]) -> Span:
    line, column, end_line, end_column = numbers
    return Span(file=CONFIG_FILE, line=line, column=column, end_line=end_line, end_column=end_column)


def _config_key(text: str) -> str:
    return hashlib.sha256(f"config {compiler_identity()} {text}".encode()).hexdigest()


@cache
def compiler_identity() -> str:
    """Changes with every edit of the compiler, also in a checkout whose version number stands still."""
    runtime = leoflow_runtime.__path__[0]
    parts = (f"{runtime}/{name}" for name in ("artifact", "domain", "schedule"))
    roots = (leoflow_compiler.__path__[0], *parts, str(resource("schemas")))
    stamps = "\n".join(stamp for root in roots for stamp in _stamps(root, ""))
    return hashlib.sha256(stamps.encode()).hexdigest()


def _stamps(folder: str, prefix: str) -> Iterator[str]:
    """Name, size and time of each source below a folder."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.endswith((".py", ".json")):
            status = entry.stat()
            yield f"{prefix}{entry.name} {status.st_size} {status.st_mtime_ns}"
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _stamps(entry.path, f"{prefix}{entry.name}/")

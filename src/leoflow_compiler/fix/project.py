"""What fixing a project changes; nothing where its `dag.json` would be another one."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.diagnostics import Span
from leoflow_compiler.fix.rewriting import rewritten
from leoflow_compiler.lower.pipeline import compile_project
from leoflow_compiler.lower.worker import run_in_worker
from leoflow_compiler.project import Project
from leoflow_compiler.source.guard import SourceRefused

# What follows from the bytes of the sources, not from their meaning.
_OF_BYTES = frozenset({"source", "files", "dag_version"})


class FixRefused(Exception):
    """The project is left alone; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewrite:
    """One changed file: `path` as the project names it, `file` where it is."""

    path: str
    file: Path
    before: str
    after: str
    places: frozenset[Span]  # what is written anew, as it lies in `before`

    def diff(self, prefix: str = "") -> str:
        """As git shows it."""
        name = f"{prefix}{self.path}"
        old, new = (text.splitlines(keepends=True) for text in (self.before, self.after))
        lines = unified_diff(old, new, f"a/{name}", f"b/{name}")
        missing = "\n\\ No newline at end of file\n"
        return "".join(line if line.endswith("\n") else line + missing for line in lines)

    def write(self) -> None:
        """Whole or not at all, and not where the file changed meanwhile. Raises OSError."""
        file = self.file.resolve()
        if file.read_bytes() == self.before.encode():
            write_atomically(file, self.after.encode(), mode=file.stat().st_mode & 0o7777)


def rewrites_of(project: Project, before: dict[str, Any] | None = None) -> tuple[Rewrite, ...]:
    """Every file of the project that changes; nothing is written. Raises FixRefused.

    A project that does not compile is left alone: what is wrong is told by its diagnostics. `before` is its
    document, if it is known.
    """
    found: tuple[Rewrite, ...] | str = run_in_worker(project, _rewrites, lambda problem: problem.message)
    if isinstance(found, str):
        raise FixRefused(found)
    if not found:
        return ()
    before = before or compile_project(project).document
    if before is None:
        raise FixRefused("it does not compile")
    with tempfile.TemporaryDirectory(prefix="leoflow-fix-") as folder:
        files = dict(project.files)
        for number, one in enumerate(found):
            files[one.path] = Path(folder, f"{number}.py")
            files[one.path].write_bytes(one.after.encode())
        after = compile_project(replace(project, files=files)).document
    if after is None:
        raise FixRefused("rewritten, it would not compile")
    old, new = _meaning(before), _meaning(after)
    differing = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    if differing:
        raise FixRefused(f"rewritten, its DAG would differ in {', '.join(f'`{key}`' for key in differing)}")
    return found


def _meaning(document: dict[str, Any]) -> dict[str, Any]:
    """A document without what follows from bytes and lines."""
    kept = {key: value for key, value in document.items() if key not in _OF_BYTES}
    kept["tasks"] = [{**task, "location": None} for task in document["tasks"]]
    return kept


def _rewrites(project: Project) -> tuple[Rewrite, ...] | str:
    found = []
    for path, file in project.files.items():
        if not path.endswith(".py"):
            continue
        before = file.read_bytes()
        if b"airflow" not in before:
            continue
        try:
            text = before.decode("utf-8")
            after = rewritten(text, path)
        except (UnicodeDecodeError, SourceRefused):
            continue  # no file of the DAG, or its compilation says so
        if after.text != text:
            one = Rewrite(path=path, file=file, before=text, after=after.text, places=after.places)
            found.append(one)
    return tuple(found)

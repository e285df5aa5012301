"""What fixing a project changes; nothing where its `dag.json` would be another one."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.fix.rewrite import rewrite
from leoflow_compiler.lower.pipeline import run_compilation
from leoflow_compiler.lower.worker import run_in_worker
from leoflow_compiler.models.airflow2 import new_place
from leoflow_compiler.project import Project

# What follows from the bytes of the sources, not from their meaning.
_OF_BYTES = frozenset({"source", "files", "dag_version"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedFile:
    """One file of a project: `path` as the project names it."""

    path: str
    before: str
    after: str

    def diff(self, prefix: str = "") -> str:
        """As `diff -u` and git show it."""
        name = f"{prefix}{self.path}"
        lines = unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectFix:
    """`refused` says why nothing is changed although there was something to change."""

    files: tuple[FixedFile, ...] = ()
    refused: str | None = None


def propose(project: Project) -> ProjectFix:
    """Rewrites the files that the DAG is compiled from, in memory. Runs in a worker process with limits."""
    return run_in_worker(project, propose_here, lambda problem: ProjectFix(refused=problem.message))


def propose_here(project: Project) -> ProjectFix:
    before = run_compilation(project)
    result = before.result()
    if before.interpreter is None or result.document is None:
        return ProjectFix()  # what is wrong is told by the diagnostics
    files = []
    for path, source in sorted(before.interpreter.sources.items()):
        file = project.files.get(path)
        if file is None:
            continue
        on_disk = file.read_bytes().decode("utf-8")
        changed = rewrite(source, result.diagnostics, new_place)
        if changed == source.text:
            continue
        after = _with_line_ends(changed, on_disk, source.text)
        if after is not None:
            files.append(FixedFile(path=path, before=on_disk, after=after))
    if not files:
        return ProjectFix()
    problem = _difference(project, files, result.document, result.diagnostics)
    return ProjectFix(refused=problem) if problem else ProjectFix(files=tuple(files))


def apply(project: Project, fix: ProjectFix) -> None:
    """Writes each file whole or not at all. Raises OSError; a file that changed meanwhile is left alone."""
    for fixed in fix.files:
        path = project.files[fixed.path].resolve()
        if path.read_bytes() == fixed.before.encode():
            write_atomically(path, fixed.after.encode(), mode=path.stat().st_mode & 0o7777)


def _with_line_ends(changed: str, on_disk: str, text: str) -> str | None:
    """The changed text with the line ends that the file has; None where it mixes them."""
    if on_disk == text:
        return changed
    return changed.replace("\n", "\r\n") if text.replace("\n", "\r\n") == on_disk else None


def _difference(
    project: Project, files: list[FixedFile], document: dict[str, Any], known: tuple[Diagnostic, ...]
) -> str | None:
    """Why the changed project is not the same DAG; None: it is."""
    with tempfile.TemporaryDirectory(prefix="leoflow-fix-") as folder:
        changed = dict(project.files)
        for number, fixed in enumerate(files):
            changed[fixed.path] = Path(folder, f"{number}.py")
            changed[fixed.path].write_bytes(fixed.after.encode())
        result = run_compilation(replace(project, files=changed)).result()
    if result.document is None:
        return "the rewritten files would not compile"
    differing = [
        key
        for key in sorted({*document, *result.document} - _OF_BYTES)
        if document.get(key) != result.document.get(key)
    ]
    if differing:
        return f"the DAG would change in {', '.join(f'`{key}`' for key in differing)}"
    if len(result.diagnostics) > len(known):
        return "the rewritten files would have new warnings"
    return None

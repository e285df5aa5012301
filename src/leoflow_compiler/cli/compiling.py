"""What `leoflow compile` does. Imports no click: see `cli.main`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.cli.cache import opened_cache
from leoflow_compiler.cli.compilation import Compiled, compile_targets
from leoflow_compiler.cli.contexts import refresh_context
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.report import verdict, with_duplicates, write_for_programs, write_text
from leoflow_compiler.cli.targets import Target, find_targets
from leoflow_compiler.diagnostics.outcome import Exit
from leoflow_runtime.artifact.canonical import canonical_bytes

STDOUT = "-"


def compile_paths(
    paths: Sequence[str], *, output: str | None = None, form: str = "text", no_cache: bool = False
) -> int:
    """Compiles projects and workspaces; returns the exit status. Raises UserError."""
    targets = find_targets(paths)
    if output is not None and len(targets) > 1:
        raise UserError(f"-o names one file, there are {len(targets)} projects", exit_code=Exit.MISUSE)
    cache = opened_cache(disabled=no_cache)
    results = with_duplicates(compile_targets(targets, cache))
    lines = [line for result in results if (line := _emit(result, output)) is not None]
    if output is None:
        _write_contexts(results)
    _tell(results, lines, form=form, to_stderr=output == STDOUT)
    return int(verdict(results))


def _emit(result: Compiled, output: str | None) -> str | None:
    """Writes one document; returns the line that says so."""
    if result.document is None:
        return None
    data = result.data if result.data is not None else canonical_bytes(result.document)
    if output == STDOUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return None
    path = Path(output) if output is not None else result.target.folder / "dag.json"
    _refuse_inside_bundle(result, path)
    unchanged = path.is_file() and path.read_bytes() == data
    if not unchanged:
        try:
            write_atomically(path, data)
        except OSError as error:
            raise UserError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    tasks = len(result.document["tasks"])
    counted = f"{tasks} task{'' if tasks == 1 else 's'}{', unchanged' if unchanged else ''}"
    version = result.document.get("dag_version", "")
    return f"{_name(result.target)}: {path} ({result.document['dag_id']} {version}, {counted})"


def _write_contexts(results: Sequence[Compiled]) -> None:
    """What a build in a container needs, beside each document."""
    for result in results:
        if result.project is None or result.data is None:
            continue
        problem = refresh_context(result.project, result.data)
        if problem is not None:
            name = _name(result.target)
            print(f"note: {name}/.leoflow/build is not written: {problem}", file=sys.stderr)


def _refuse_inside_bundle(result: Compiled, path: Path) -> None:
    """A result that is part of the next bundle would change the digest with every compilation."""
    project = result.project
    assert project is not None
    absolute = path.resolve()
    if not absolute.is_relative_to(project.root) or absolute.is_dir():
        return
    if not project.would_bundle(PurePosixPath(absolute.relative_to(project.root).as_posix())):
        return
    raise UserError(
        f"{str(path)!r} would become part of the project's own bundle",
        hint="write to a place outside the project, or add the file to exclude_paths",
        exit_code=Exit.MISUSE,
    )


def _tell(results: Sequence[Compiled], lines: Sequence[str], *, form: str, to_stderr: bool) -> None:
    out = sys.stderr if to_stderr else sys.stdout
    if form != "text":
        write_for_programs(results, form, out)
        return
    for line in lines:
        print(line)
    write_text(results, sys.stderr)
    problem = next((result.cache_problem for result in results if result.cache_problem), None)
    if problem is not None:
        print(f"note: {problem}", file=sys.stderr)


def _name(target: Target) -> str:
    return target.folder.resolve().name if target.label == "." else target.label

"""What a command says about the projects that it looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

from leoflow_compiler.cli.compilation import Compiled
from leoflow_compiler.cli.terminal import wants_colour
from leoflow_compiler.diagnostics.catalogue import project as codes
from leoflow_compiler.diagnostics.excerpt import lines_in
from leoflow_compiler.diagnostics.formats import Found, renderer
from leoflow_compiler.diagnostics.machine import diagnostic_to_json
from leoflow_compiler.diagnostics.outcome import Exit, exit_code
from leoflow_compiler.diagnostics.records import Diagnostic, Note
from leoflow_compiler.diagnostics.text import render_text, summary
from leoflow_compiler.project.records import CONFIG_FILE


def verdict(results: Sequence[Compiled], *, strict: bool = False) -> Exit:
    """`strict`: warnings are problems too."""
    found = [item for result in results for item in result.diagnostics]
    code = exit_code(found)
    return Exit.PROBLEMS if strict and found and code is Exit.CLEAN else code


def write_text(results: Sequence[Compiled], stream: IO[str]) -> None:
    """Every diagnostic with its excerpt, then a line that counts them; nothing when there are none."""
    for result in results:
        stream.write(
            render_text(
                result.diagnostics,
                lines_in(result.target.folder),
                prefix=result.target.prefix,
                colour=wants_colour(stream),
            )
        )
    counted = summary([item for result in results for item in result.diagnostics])
    if counted:
        affected = sum(1 for result in results if result.diagnostics)
        scope = f" in {affected} of {len(results)} projects" if len(results) > 1 else ""
        stream.write(f"{counted}{scope}\n")


def write_json(results: Sequence[Compiled], stream: IO[str]) -> None:
    json.dump(report(results), stream, indent=2, ensure_ascii=False)
    stream.write("\n")


def write_for_programs(results: Sequence[Compiled], form: str, stream: IO[str]) -> None:
    """All diagnostics in one of the formats for programs: `json` or a name of `formats.NAMES`."""
    if form == "json":
        write_json(results, stream)
        return
    found = [
        Found(project=result.target.label, path=_path(result, item), diagnostic=item)
        for result in results
        for item in result.diagnostics
    ]
    stream.write(renderer(form)(found, [result.target.label for result in results]))


def _path(result: Compiled, item: Diagnostic) -> str:
    return result.target.prefix + (item.span.file if item.span is not None else CONFIG_FILE)


def report(results: Sequence[Compiled]) -> dict[str, Any]:
    """`{version, projects: [{path, dag_id, content_digest, diagnostics}], errors, warnings}`."""
    everything = [item for result in results for item in result.diagnostics]
    return {
        "version": 1,
        "projects": [_project(result) for result in results],
        "errors": sum(1 for item in everything if item.severity == "error"),
        "warnings": sum(1 for item in everything if item.severity == "warning"),
    }


def with_duplicates(results: Sequence[Compiled]) -> tuple[Compiled, ...]:
    """The same results, with an error for each project whose `dag_id` an earlier one already has."""
    first: dict[str, Compiled] = {}
    checked: list[Compiled] = []
    for result in results:
        project = result.project
        if project is None:
            checked.append(result)
            continue
        earlier = first.setdefault(project.config.dag_id, result)
        if earlier is result:
            checked.append(result)
            continue
        clash = Diagnostic(
            code=codes.DUPLICATE_PROJECT,
            message=f"the dag_id `{project.config.dag_id}` is already used by {earlier.target.label}",
            span=project.location_of("dag_id"),
            notes=(Note(message="one control plane cannot hold both"),),
        )
        checked.append(
            Compiled(
                target=result.target,
                project=project,
                document=None,
                diagnostics=(clash, *result.diagnostics),
                cache_problem=result.cache_problem,
            )
        )
    return tuple(checked)


def _project(result: Compiled) -> dict[str, Any]:
    from leoflow_runtime.artifact.canonical import content_digest

    return {
        "path": result.target.label,
        "dag_id": result.project.config.dag_id if result.project else None,
        "content_digest": content_digest(result.document) if result.document else None,
        "diagnostics": [diagnostic_to_json(item) for item in result.diagnostics],
    }

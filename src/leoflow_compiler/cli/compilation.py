"""One project from its folder to a document and diagnostics, through the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leoflow_compiler.cli.cache import CompileCache, input_digest
from leoflow_compiler.cli.targets import Target
from leoflow_compiler.diagnostics.catalogue import find_code
from leoflow_compiler.diagnostics.machine import diagnostic_to_json
from leoflow_compiler.diagnostics.outcome import has_errors, in_order, is_repeatable
from leoflow_compiler.diagnostics.records import Diagnostic, Note, Span
from leoflow_compiler.project import Project, load_project


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """What became of one target. `document` is None when any diagnostic is an error."""

    target: Target
    project: Project | None
    document: dict[str, Any] | None
    diagnostics: tuple[Diagnostic, ...]
    cache_problem: str | None = None  # why the result could not be kept


def compile_target(target: Target, cache: CompileCache | None) -> Compiled:
    """Never executes the project's code; imports the evaluator only when the cache has no answer."""
    project, diagnostics = load_project(target.folder, known=cache)
    if project is None:
        return Compiled(target=target, project=None, document=None, diagnostics=diagnostics)
    key = input_digest(project) if cache is not None else ""
    entry = cache.get(key) if cache is not None else None
    if entry is not None:
        found = tuple(_diagnostic(item) for item in entry["diagnostics"])
        return Compiled(target=target, project=project, document=entry["document"], diagnostics=found)
    return _evaluate(target, project, cache, key)


def _evaluate(target: Target, project: Project, cache: CompileCache | None, key: str) -> Compiled:
    from leoflow_compiler.lower.pipeline import compile_project

    result = compile_project(project)
    diagnostics = in_order(result.diagnostics)
    document = None if has_errors(diagnostics) else result.document
    problem = None
    if cache is not None and is_repeatable(diagnostics):
        entry = {"document": document, "diagnostics": [diagnostic_to_json(item) for item in diagnostics]}
        try:
            cache.put(key, entry)
        except OSError as error:
            problem = f"results cannot be kept in {error.filename}: {error.strerror}"
    return Compiled(
        target=target, project=project, document=document, diagnostics=diagnostics, cache_problem=problem
    )


def _diagnostic(raw: dict[str, Any]) -> Diagnostic:
    code = find_code(raw["code"])
    assert code is not None  # the key of an entry covers the catalogue
    return Diagnostic(
        code=code,
        message=raw["message"],
        span=_span(raw["span"]),
        notes=tuple(Note(message=note["message"], span=_span(note["span"])) for note in raw["notes"]),
        help=raw["help"],
    )


def _span(raw: dict[str, Any] | None) -> Span | None:
    return Span(**raw) if raw is not None else None

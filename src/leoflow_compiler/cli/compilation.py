"""One project from its folder to a document and diagnostics, through the cache."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from itertools import repeat
from typing import TYPE_CHECKING, Any

from leoflow_compiler.cli.cache import CompileCache, input_digest
from leoflow_compiler.cli.targets import Target
from leoflow_compiler.diagnostics.catalogue import find_code
from leoflow_compiler.diagnostics.catalogue.airflow import OLD_SPELLING
from leoflow_compiler.diagnostics.machine import diagnostic_to_json
from leoflow_compiler.diagnostics.outcome import has_errors, in_order, is_repeatable
from leoflow_compiler.diagnostics.records import Diagnostic, Note, Span
from leoflow_compiler.project import Project, load_project
from leoflow_compiler.project.lock_inputs import stale_lock
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from leoflow_compiler.lower.result import CompileResult

BATCH = 16  # projects that share a worker process


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """What became of one target. `document` is None when any diagnostic is an error."""

    target: Target
    project: Project | None
    document: dict[str, Any] | None
    diagnostics: tuple[Diagnostic, ...]
    cache_problem: str | None = None  # why the result could not be kept
    data: bytes | None = None  # the canonical bytes of the document


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pending:
    """A project that has to be evaluated; `key` is where the result belongs in the cache."""

    target: Target
    project: Project
    key: str


def compile_target(target: Target, cache: CompileCache | None) -> Compiled:
    """Never executes the project's code; imports the evaluator only when the cache has no answer."""
    return compile_targets([target], cache)[0]


def compile_targets(targets: Sequence[Target], cache: CompileCache | None) -> tuple[Compiled, ...]:
    """All of them in the given order; those that the cache does not know are evaluated side by side."""
    found = [_look_up(target, cache) for target in targets]
    pending = [item for item in found if isinstance(item, _Pending)]
    workers = min(len(pending), os.cpu_count() or 1)
    if workers > 1:
        from concurrent.futures import ProcessPoolExecutor

        size = min(BATCH, -(-len(pending) // workers))
        batches = [pending[start : start + size] for start in range(0, len(pending), size)]
        warm()
        with ProcessPoolExecutor(workers, initializer=warm) as pool:
            results = [one for batch in pool.map(_evaluate_all, batches, repeat(cache)) for one in batch]
    else:
        results = _evaluate_all(pending, cache) if pending else []
    if cache is not None and pending:
        cache.prune()
    done = iter(results)
    return tuple(_with_lock(next(done) if isinstance(item, _Pending) else item) for item in found)


def _with_lock(result: Compiled) -> Compiled:
    """Says that the lock is stale; it is no part of a bundle, so that no kept result knows it."""
    stale = stale_lock(result.project) if result.project is not None else None
    return replace(result, diagnostics=in_order((*result.diagnostics, stale))) if stale else result


def warm() -> None:
    """Imports all that an evaluation needs: each runs in a fork, and would import it again."""
    from pkgutil import iter_modules

    for package in ("source", "evaluate", "models", "checks", "lower"):
        name = f"leoflow_compiler.{package}"
        for module in iter_modules(import_module(name).__path__, f"{name}."):
            import_module(module.name)
    import_module("croniter")
    import_module("leoflow_runtime.artifact.validation").prepare()
    import_module("leoflow_compiler.models.registry").all_models()
    gc.freeze()  # none of it ever becomes garbage, and looking through it again and again takes time


def _look_up(target: Target, cache: CompileCache | None) -> Compiled | _Pending:
    project, diagnostics = load_project(target.folder, known=cache)
    if project is None:
        return Compiled(target=target, project=None, document=None, diagnostics=diagnostics)
    if cache is None:
        return _Pending(target=target, project=project, key="")
    key = input_digest(project)
    entry = cache.get(key)
    if entry is None:
        return _Pending(target=target, project=project, key=key)
    found = tuple(_diagnostic(item) for item in entry["diagnostics"])
    text = entry["document"]
    return Compiled(
        target=target,
        project=project,
        document=None if text is None else json.loads(text),
        diagnostics=found,
        data=None if text is None else text.encode(),
    )


def _evaluate_all(pending: Sequence[_Pending], cache: CompileCache | None) -> list[Compiled]:
    from leoflow_compiler.lower.pipeline import compile_projects

    results = compile_projects([item.project for item in pending])
    return [_kept(item, result, cache) for item, result in zip(pending, results, strict=True)]


def _kept(pending: _Pending, result: CompileResult, cache: CompileCache | None) -> Compiled:
    diagnostics = in_order(result.diagnostics)
    document = None if has_errors(diagnostics) else result.document
    if document is not None and any(item.code is OLD_SPELLING for item in diagnostics):
        from leoflow_compiler.fix.fixable import marked

        diagnostics = marked(pending.project, document, diagnostics)
    problem = None
    data = None if document is None else result.data
    if cache is not None and is_repeatable(diagnostics):
        text = None if data is None else data.decode()
        entry = {"document": text, "diagnostics": [diagnostic_to_json(item) for item in diagnostics]}
        try:
            cache.put(pending.key, entry)
        except OSError as error:
            problem = f"results cannot be kept in {error.filename}: {error.strerror}"
    return Compiled(
        target=pending.target,
        project=pending.project,
        document=document,
        diagnostics=diagnostics,
        cache_problem=problem,
        data=data,
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
        fixable=raw["fixable"],
    )


def _span(raw: dict[str, Any] | None) -> Span | None:
    return Span(**raw) if raw is not None else None

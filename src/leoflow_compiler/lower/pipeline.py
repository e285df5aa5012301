"""The compiler in one list: `PASSES`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.lowering import INTERNAL_ERROR
from leoflow_compiler.diagnostics.catalogue.source import SYNTAX_ERROR
from leoflow_compiler.lower.result import Compilation, CompileResult
from leoflow_compiler.project import Project
from leoflow_compiler.source.guard import SourceRefused
from leoflow_compiler.source.tree import parse as parse_text

__all__ = ["PASSES", "Compilation", "CompileResult", "compile_project", "run_passes"]

Pass = Callable[[Compilation], None]


def compile_project(project: Project) -> CompileResult:
    """The project's `dag.json` document, or the diagnostics that say why there is none.

    Runs in a worker process with limits where the platform has fork; `LEOFLOW_COMPILER_INLINE` set to
    anything runs it here.
    """
    return compile_projects([project])[0]


def compile_projects(projects: Sequence[Project]) -> list[CompileResult]:
    """Each project as `compile_project` does it, in one worker process as long as none makes trouble."""
    if os.environ.get("LEOFLOW_COMPILER_INLINE") or not hasattr(os, "fork"):
        return [run_passes(project) for project in projects]
    from leoflow_compiler.lower.worker import run_batch, run_in_worker

    def failed(diagnostic: Diagnostic) -> CompileResult:
        return CompileResult(document=None, diagnostics=(diagnostic,))

    if len(projects) == 1:
        return [run_in_worker(projects[0], run_passes, failed)]
    return run_batch(projects, run_passes, failed)


def parse(compilation: Compilation) -> None:
    """Reads the DAG file, within limits."""
    project = compilation.project
    path = project.config.dag_source
    file = project.files.get(path, project.root / path)
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        message = f"`{path}` cannot be read: {reason}"
        span = project.location_of("dag_source")
        compilation.add(Diagnostic(code=SYNTAX_ERROR, message=message, span=span))
        return
    except UnicodeDecodeError:
        span = Span(file=path, line=1)
        compilation.add(Diagnostic(code=SYNTAX_ERROR, message=f"`{path}` is not UTF-8 text", span=span))
        return
    try:
        compilation.source = parse_text(text, path)
    except SourceRefused as refused:
        compilation.add(refused.diagnostic)


def evaluate(compilation: Compilation) -> None:
    """Evaluates the top level of the file: its DAGs, without running anything."""
    from leoflow_compiler.lower.evaluation import evaluate_file

    evaluate_file(compilation)


def graph(compilation: Compilation) -> None:
    """Selects the DAG of leoflow.yaml and checks its graph."""
    from leoflow_compiler.lower.selection import select_dag

    select_dag(compilation)


def lower(compilation: Compilation) -> None:
    """Writes the document."""
    if compilation.failed:
        return
    from leoflow_compiler.lower.document import build_document

    build_document(compilation)


def validate(compilation: Compilation) -> None:
    """Checks the document as the server will; a problem here is the compiler's own."""
    if compilation.failed:
        return
    from leoflow_compiler.lower.capabilities import warn_of_missing
    from leoflow_runtime.artifact import ArtifactInvalid, check_document

    try:
        check_document(compilation.document)
    except ArtifactInvalid as invalid:
        for problem in invalid.problems:
            message = f"the compiled document is invalid: {problem.message}"
            compilation.add(Diagnostic(code=INTERNAL_ERROR, message=message))
        return
    warn_of_missing(compilation)


def check(compilation: Compilation) -> None:
    """Looks for what compiles and is still not what its author wants."""
    if compilation.failed:
        return
    from leoflow_compiler.checks import CHECKS, Subject

    assert compilation.interpreter is not None
    assert compilation.dag is not None
    assert compilation.document is not None
    subject = Subject(
        project=compilation.project,
        interpreter=compilation.interpreter,
        dag=compilation.dag,
        document=compilation.document,
    )
    for one in CHECKS:
        for diagnostic in one(subject):
            compilation.add(diagnostic)


def suppress(compilation: Compilation) -> None:
    """Takes back the warnings that comments in the sources ignore."""
    from leoflow_compiler.lower.suppression import suppress as take_back

    take_back(compilation)


def gather(compilation: Compilation) -> None:
    """Says once for each kind of thing what this release does not run yet."""
    if compilation.failed:
        return
    from leoflow_compiler.lower.capabilities import gather_missing

    gather_missing(compilation)


PASSES: tuple[Pass, ...] = (parse, evaluate, graph, lower, validate, check, suppress, gather)
# Without these there is nothing for the passes after them to look at.
_REQUIRED: frozenset[Pass] = frozenset({parse})


def run_passes(project: Project) -> CompileResult:
    """Runs every pass here, in this process."""
    compilation = Compilation(project=project)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 20_000))
    try:
        for one in PASSES:
            one(compilation)
            if compilation.failed and one in _REQUIRED:
                break
    finally:
        sys.setrecursionlimit(limit)
    return compilation.result()

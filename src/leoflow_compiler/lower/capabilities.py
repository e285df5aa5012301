"""Says what a compiled DAG needs and this release does not run yet."""

from __future__ import annotations

from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.airflow import NOT_RUN_YET
from leoflow_compiler.lower.result import Compilation
from leoflow_runtime.artifact import missing_capabilities


def warn_of_missing(compilation: Compilation) -> None:
    """One warning for each capability, at the first task that needs it."""
    document = compilation.document
    assert document is not None
    places = {task["task_id"]: task.get("location") for task in document["tasks"]}
    source = compilation.project.config.dag_source
    for missing in missing_capabilities(document):
        place = places.get(missing.task_id) if missing.task_id is not None else None
        line = compilation.dag.place.line if compilation.dag is not None else 1
        span = Span(**place) if place else Span(file=source, line=line)
        message = f"this release compiles {missing.capability}, but does not run it yet"
        compilation.add(Diagnostic(code=NOT_RUN_YET, message=message, span=span))

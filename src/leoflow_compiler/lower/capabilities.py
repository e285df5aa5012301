"""Says what a compiled DAG needs and this release does not run yet: once for each kind of thing.

A warning is first at each place, so that a comment there takes it back; what is left is gathered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from leoflow_compiler.diagnostics import Diagnostic, Note, Span
from leoflow_compiler.diagnostics.catalogue.airflow import NOT_RUN_YET
from leoflow_compiler.lower.result import Compilation
from leoflow_runtime.artifact import Missing, missing_by_task

_MORE_PLACES = 2  # that are shown beside the first


def warn_of_missing(compilation: Compilation) -> None:
    """A warning at each place that needs what does not run yet."""
    for span in dict.fromkeys(span for span, _ in _missing(compilation)):
        compilation.diagnostics.append(Diagnostic(code=NOT_RUN_YET, message="does not run yet", span=span))


def gather_missing(compilation: Compilation) -> None:
    """Puts those warnings together by kind: all that is missing, with how many tasks need it."""
    places = {item.span for item in compilation.diagnostics if item.code is NOT_RUN_YET}
    if not places:
        return
    compilation.diagnostics[:] = [item for item in compilation.diagnostics if item.code is not NOT_RUN_YET]
    kinds: dict[tuple[str, bool], list[tuple[Span, Missing]]] = {}
    for span, missing in sorted(_missing(compilation), key=lambda one: one[0]):
        if span in places:
            kinds.setdefault((missing.kind, missing.task_id is None), []).append((span, missing))
    for found in kinds.values():
        compilation.add(_gathered(found))


def _missing(compilation: Compilation) -> Iterator[tuple[Span, Missing]]:
    document = compilation.document
    assert document is not None
    places = {task["task_id"]: task.get("location") for task in document["tasks"]}
    line = compilation.dag.place.line if compilation.dag is not None else 1
    of_dag = Span(file=compilation.project.config.dag_source, line=line)
    for missing in missing_by_task(document):
        place = places.get(missing.task_id) if missing.task_id is not None else None
        yield Span(**place) if place else of_dag, missing


def _gathered(found: Sequence[tuple[Span, Missing]]) -> Diagnostic:
    first_places: dict[Span, Missing] = {}
    for span, missing in found:
        first_places.setdefault(span, missing)
    span, *others = first_places
    notes = [Note(message=str(first_places[other]), span=other) for other in others[:_MORE_PLACES]]
    left = len(others) - len(notes)
    if left:
        notes.append(Note(message=f"and {left} more {'place' if left == 1 else 'places'}"))
    counted = Counter(missing.capability for _, missing in found)
    pronoun = "it" if len(counted) == 1 else "them"
    message = f"this release compiles {_listed(counted, found[0][1])}, but does not run {pronoun} yet"
    return Diagnostic(code=NOT_RUN_YET, message=message, span=span, notes=tuple(notes))


def _listed(counted: Counter[str], first: Missing) -> str:
    """Such as `the operators A (3 tasks), B and C`."""
    names = list(counted)
    before = ""
    if first.kind == "operator" and len(names) > 1:
        before = "the operators "
        names = [name.removeprefix("the operator ") for name in names]
    numbers = counted.values()
    shown = [
        f"{name} ({count} tasks)" if count > 1 else name for name, count in zip(names, numbers, strict=True)
    ]
    return before + (" and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0])

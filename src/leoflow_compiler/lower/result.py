"""What a compile works on and what comes out of it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics import Diagnostic, Note
from leoflow_compiler.project import Project
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.errors import Refusal
    from leoflow_compiler.evaluate.interpreter import Interpreter
    from leoflow_compiler.models.graph import Dag
    from leoflow_compiler.source.tree import SourceFile


@dataclass(frozen=True, kw_only=True, slots=True)
class CompileResult:
    """`document` is None when any diagnostic is an error. Diagnostics are in the order of their places."""

    document: dict[str, Any] | None
    diagnostics: tuple[Diagnostic, ...]
    data: bytes | None = None  # the canonical bytes of the document


@dataclass(kw_only=True, slots=True)
class Compilation:
    """The state that the passes share; each fills in what the next ones read."""

    project: Project
    source: SourceFile | None = None  # parse
    interpreter: Interpreter | None = None  # evaluate
    dags: list[Dag] = field(default_factory=list)  # evaluate
    dag: Dag | None = None  # graph
    document: dict[str, Any] | None = None  # lower
    data: bytes | None = None  # lower
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    def add(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    def refuse(self, refusal: Refusal) -> None:
        """Adds a problem, its places turned into spans with columns."""
        notes = tuple(
            Note(message=message, span=place.span() if place is not None else None)
            for message, place in refusal.notes
        )
        self.add(
            Diagnostic(
                code=refusal.code,
                message=refusal.message,
                span=refusal.place.span() if refusal.place is not None else None,
                notes=notes,
                help=refusal.help,
            )
        )

    def result(self) -> CompileResult:
        ordered = sorted(self.diagnostics, key=_order)
        return CompileResult(
            document=None if self.failed else self.document,
            diagnostics=tuple(ordered),
            data=None if self.failed else self.data,
        )


def _order(diagnostic: Diagnostic) -> tuple[Any, ...]:
    span = diagnostic.span
    where = (span.file, span.line, span.column) if span is not None else ("", 0, 0)
    return (*where, diagnostic.code.code, diagnostic.message)

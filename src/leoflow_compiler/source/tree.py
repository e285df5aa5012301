"""A parsed file: libcst's tree, the line of each statement, and columns for those who ask."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leoflow_compiler.source import light_libcst  # noqa: F401, isort: skip - before libcst is named

import libcst as cst

from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.source import SYNTAX_ERROR
from leoflow_compiler.source.guard import SourceRefused, Syntax, guard

if TYPE_CHECKING:
    from libcst.metadata import CodeRange


@dataclass(eq=False, kw_only=True, slots=True)
class SourceFile:
    """One file of the project. `lines` maps `id(statement)` to its line."""

    path: str  # relative to the project, POSIX
    text: str
    tree: cst.Module
    syntax: Syntax  # the guard's, for who only looks
    lines: Mapping[int, int]
    _ranges: Mapping[cst.CSTNode, CodeRange] | None = field(default=None)

    def line_of(self, statement: cst.CSTNode) -> int:
        """The line on which a statement starts."""
        known = self.lines.get(id(statement))
        return known if known is not None else self.span_of(statement).line

    def span_of(self, node: cst.CSTNode) -> Span:
        """Exact columns. Costs a pass over the whole file the first time, so only diagnostics ask."""
        if self._ranges is None:
            from libcst.metadata import MetadataWrapper, PositionProvider

            self._ranges = MetadataWrapper(self.tree, unsafe_skip_copy=True).resolve(PositionProvider)
        assert self._ranges is not None
        found = self._ranges.get(node)
        if found is None:
            return Span(file=self.path, line=self.lines.get(id(node), 1))
        start, end = found.start, found.end
        return Span(
            file=self.path,
            line=start.line,
            column=start.column + 1,
            end_line=end.line,
            end_column=end.column + 1,
        )


def parse(text: str, path: str, syntax: Syntax | None = None) -> SourceFile:
    """Parses what the guard has let through. Raises SourceRefused."""
    checked = syntax if syntax is not None else guard(text, path)
    try:
        module = cst.parse_module(text)
    except (cst.ParserSyntaxError, cst.CSTLogicError) as error:
        line = getattr(error, "raw_line", 1)
        raise SourceRefused(
            Diagnostic(
                code=SYNTAX_ERROR,
                message=f"{path} uses syntax that the compiler's parser does not know",
                span=Span(file=path, line=max(line, 1)),
            )
        ) from None
    lines: dict[int, int] = {}
    _pair(module.body, checked.tree.body, lines)
    return SourceFile(path=path, text=text, tree=module, syntax=checked, lines=lines)


def _pair(ours: Sequence[cst.CSTNode], theirs: Sequence[ast.stmt], lines: dict[int, int]) -> None:
    """Walks both trees' statements in step and notes the lines of libcst's."""
    following = iter(theirs)
    for statement in ours:
        if isinstance(statement, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
            for index, small in enumerate(statement.body):
                twin = next(following)
                lines[id(small)] = twin.lineno
                if index == 0:
                    lines[id(statement)] = twin.lineno
        else:
            twin = next(following)
            lines[id(statement)] = twin.lineno
            _pair_compound(statement, twin, lines)


def _pair_compound(ours: cst.CSTNode, theirs: ast.stmt, lines: dict[int, int]) -> None:
    if isinstance(ours, cst.Match) and isinstance(theirs, ast.Match):
        for case, case_twin in zip(ours.cases, theirs.cases, strict=True):
            _pair_block(case.body, case_twin.body, lines)
        return
    body = getattr(ours, "body", None)
    if isinstance(body, cst.BaseSuite):
        _pair_block(body, theirs.body, lines)  # type: ignore[attr-defined]
    for handler, handler_twin in zip(
        getattr(ours, "handlers", ()), getattr(theirs, "handlers", ()), strict=True
    ):
        _pair_block(handler.body, handler_twin.body, lines)
    orelse = getattr(ours, "orelse", None)
    if isinstance(orelse, cst.Else):
        _pair_block(orelse.body, theirs.orelse, lines)  # type: ignore[attr-defined]
    elif isinstance(orelse, cst.If):
        _pair([orelse], theirs.orelse, lines)  # type: ignore[attr-defined]
    finalbody = getattr(ours, "finalbody", None)
    if isinstance(finalbody, cst.Finally):
        _pair_block(finalbody.body, theirs.finalbody, lines)  # type: ignore[attr-defined]


def _pair_block(block: cst.BaseSuite, theirs: Sequence[ast.stmt], lines: dict[int, int]) -> None:
    if isinstance(block, cst.SimpleStatementSuite):
        _pair([block], theirs, lines)
    else:
        _pair(block.body, theirs, lines)

"""A parsed file: Python's own syntax tree, and where its nodes stand in the text."""

from __future__ import annotations

import ast
import re
from functools import cached_property

from leoflow_compiler.diagnostics import Span
from leoflow_compiler.source.guard import Syntax, guard
from leoflow_runtime.light import dataclass

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_LINE_END = re.compile(r"\r\n|\r|\n")  # what ends a line for `ast`; `str.splitlines` knows more
_UP_TO_NAME = re.compile(rb"(?:async\s+)?(?:def|class)\s+")


@dataclass(eq=False)
class SourceFile:
    """One file of the project, guarded and parsed."""

    path: str  # relative to the project, POSIX
    text: str
    syntax: Syntax

    @property
    def tree(self) -> ast.Module:
        return self.syntax.tree

    def span_of(self, node: ast.AST) -> Span:
        """Columns count characters. A definition is shown by its name, a module by its first line."""
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", None)
        if end_line is None:
            return Span(file=self.path, line=line)
        start, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
        if isinstance(node, Definition):
            before = _UP_TO_NAME.match(self._lines[line - 1], start)
            if before is not None:
                start, end_line = before.end(), line
                end = start + len(node.name.encode())
        return Span(
            file=self.path,
            line=line,
            column=self._characters(line, start) + 1,
            end_line=end_line,
            end_column=self._characters(end_line, end) + 1,
        )

    def code_of(self, node: ast.expr) -> str:
        """An expression as it is written."""
        line, end_line = node.lineno, node.end_lineno or node.lineno
        lines = self._lines[line - 1 : end_line]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode()

    @cached_property
    def _lines(self) -> list[bytes]:
        """In UTF-8, of which the columns of a node are bytes."""
        return [line.encode("utf-8", "surrogatepass") for line in _LINE_END.split(self.text)]

    def _characters(self, line: int, offset: int) -> int:
        return len(self._lines[line - 1][:offset].decode("utf-8", "replace"))


def parse(text: str, path: str) -> SourceFile:
    """A file of the project, once it is known to be small, correct and flat enough. Raises SourceRefused."""
    return SourceFile(path=path, text=text, syntax=guard(text, path))

"""The syntax of a file, within limits: all that reads its tree may recurse.

libcst, which rewrites files (`fix`), sees only what went through here: its native parser ends the process on
small hostile files (3,000 nested parentheses, 10,000 `+`).
"""

from __future__ import annotations

import ast
import warnings

from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.source import NESTED_TOO_DEEPLY, SYNTAX_ERROR, TOO_LARGE
from leoflow_runtime.light import dataclass

MAX_BYTES = 1_000_000
MAX_DEPTH = 300
_LEAVES = frozenset({"ctx", "op", "ops"})  # fields whose nodes hold nothing


class SourceRefused(Exception):
    """A file that is not parsed any further; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Syntax:
    """A file as `ast` reads it. `nodes`: all of the tree but contexts and signs, each after its parent."""

    tree: ast.Module
    nodes: tuple[ast.AST, ...]


def guard(text: str, file: str) -> Syntax:
    """The file's syntax, once it is known to be small, correct and flat enough. Raises SourceRefused."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise SourceRefused(
            Diagnostic(
                code=TOO_LARGE,
                message=f"{file} has {size:,} bytes; a DAG file may have {MAX_BYTES:,}",
                span=Span(file=file, line=1),
                help="keep data in files of their own; the image contains them",
            )
        )
    tree = _parse(text, file)
    nodes: list[ast.AST] = []
    depth, line = _look_through(tree, nodes)
    if depth > MAX_DEPTH:
        raise SourceRefused(_too_deep(file, line))
    return Syntax(tree, tuple(nodes))


def _parse(text: str, file: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, filename=file)
    except SyntaxError as error:
        raise SourceRefused(_syntax_error(error, file)) from None
    except (RecursionError, MemoryError):
        raise SourceRefused(_too_deep(file, 1)) from None
    except ValueError as error:  # null bytes, on older interpreters
        raise SourceRefused(
            Diagnostic(
                code=SYNTAX_ERROR, message=f"{file} is not Python: {error}", span=Span(file=file, line=1)
            )
        ) from None


def _syntax_error(error: SyntaxError, file: str) -> Diagnostic:
    line, column = max(error.lineno or 1, 1), max(error.offset or 0, 0)
    end_line, end_column = error.end_lineno or 0, max(error.end_offset or 0, 0)
    if (end_line, end_column) <= (line, column):
        end_line, end_column = line, column + 1
    return Diagnostic(
        code=SYNTAX_ERROR,
        message=f"{file} is not valid Python: {error.msg}",
        span=Span(file=file, line=line, column=column, end_line=end_line, end_column=end_column)
        if column
        else Span(file=file, line=line),
    )


def _too_deep(file: str, line: int) -> Diagnostic:
    return Diagnostic(
        code=NESTED_TOO_DEEPLY,
        message=f"{file} nests expressions or blocks deeper than {MAX_DEPTH} levels",
        span=Span(file=file, line=line),
        help="split the expression: name its parts, or build the list in a loop",
    )


def _look_through(tree: ast.AST, nodes: list[ast.AST]) -> tuple[int, int]:
    """The greatest nesting and a line where it is reached; level by level, because the tree may be deep."""
    depth, line = 0, 1
    level: list[ast.AST] = [tree]
    while level and depth <= MAX_DEPTH:
        depth += 1
        line = next((node.lineno for node in level if hasattr(node, "lineno")), line)
        nodes += level
        following: list[ast.AST] = []
        for node in level:
            for name in node._fields:
                if name in _LEAVES:
                    continue
                value = getattr(node, name, None)
                if value.__class__ is list:
                    following += [item for item in value if isinstance(item, ast.AST)]
                elif isinstance(value, ast.AST):
                    following.append(value)
        level = following
    return depth, line

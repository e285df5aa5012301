"""The marked line of a file, as people see it in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from leoflow_compiler.diagnostics.records import Span

# The lines of a file of the project without their ends, or None when it cannot be shown.
LinesOf = Callable[[str], Sequence[str] | None]

MAX_WIDTH = 160
TAB = 4


def lines_in(root: Path) -> LinesOf:
    """Reads the files below `root`, each once."""

    @cache
    def lines_of(file: str) -> Sequence[str] | None:
        try:
            return (root / file).read_text("utf-8-sig", errors="replace").splitlines()
        except OSError:
            return None

    return lines_of


def marked_line(line: str, span: Span) -> tuple[str, str]:
    """The line to print and the carets to print below it; no carets when there is nothing to point at."""
    cells = [_cell(character) for character in line]
    start, end = _columns(line, span)
    if len(cells) > MAX_WIDTH:
        first = max(0, min(start - MAX_WIDTH // 2, len(cells) - MAX_WIDTH))
        cells = ["…", *cells[first + 1 : first + MAX_WIDTH - 1], "…"]
        start, end = start - first, min(end - first, MAX_WIDTH)
    before, marked = "".join(cells[:start]), "".join(cells[start:end])
    carets = " " * _width(before) + "^" * max(_width(marked), 1)
    return "".join(cells).rstrip(), carets if line.strip() else ""


def _columns(line: str, span: Span) -> tuple[int, int]:
    """Start and end as indices into the line; a span without a column covers the line's text."""
    text_start, text_end = len(line) - len(line.lstrip()), len(line.rstrip())
    if span.column == 0:
        return text_start, text_end
    start = min(span.column - 1, len(line))
    if span.end_line > span.line:
        return start, max(text_end, start + 1)
    return start, max(span.end_column - 1, start + 1)


def _cell(character: str) -> str:
    if character == "\t":
        return " " * TAB
    # Control characters could rewrite what the terminal shows.
    return character if unicodedata.category(character) not in ("Cc", "Cf") else "�"


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )

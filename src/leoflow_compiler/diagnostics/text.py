"""Diagnostics for people: excerpt, caret, notes, help, and a line that sums up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leoflow_compiler.diagnostics.excerpt import LinesOf, marked_line
from leoflow_compiler.diagnostics.records import Diagnostic, Note, Severity, Span

_BOLD, _RED, _YELLOW, _BLUE, _GREEN = "1", "1;31", "1;33", "1;34", "1;32"
_FIXABLE = "(fixable: leoflow validate --fix)"
_COLOUR_OF: dict[Severity, str] = {"error": _RED, "warning": _YELLOW}


def render_text(
    diagnostics: Iterable[Diagnostic], lines_of: LinesOf, *, prefix: str = "", colour: bool = False
) -> str:
    """All of them in the given order, a blank line after each; `prefix` goes before every file name."""
    painter = _Painter(lines_of=lines_of, prefix=prefix, colour=colour)
    return "".join("\n".join(painter.diagnostic(item)) + "\n\n" for item in diagnostics)


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """Such as `2 errors, 1 warning`; empty when there is nothing."""
    severities = [item.severity for item in diagnostics]
    kinds: tuple[Severity, ...] = ("error", "warning")
    parts = []
    for severity in kinds:
        count = severities.count(severity)
        if count:
            parts.append(f"{count} {severity}{'' if count == 1 else 's'}")
    return ", ".join(parts)


class _Painter:
    def __init__(self, *, lines_of: LinesOf, prefix: str, colour: bool) -> None:
        self._lines_of = lines_of
        self._prefix = prefix
        self._colour = colour

    def diagnostic(self, item: Diagnostic) -> Iterator[str]:
        colour = _COLOUR_OF[item.severity]
        spans = [item.span, *(note.span for note in item.notes)]
        gutter = max((len(str(span.line)) for span in spans if span is not None), default=1)
        head = self._paint(f"{item.severity}[{item.code.code}]", colour)
        yield f"{head}{self._paint(f': {item.message}', _BOLD)}"
        if item.span is not None:
            yield from self._place(item.span, gutter, colour)
        elif self._prefix:
            yield self._arrow(gutter) + self._prefix.rstrip("/")
        for note in item.notes:
            yield from self._note(note, gutter)
        advice = " ".join(filter(None, (item.help, _FIXABLE if item.fixable else None)))
        if advice:
            yield self._detail(gutter, "help", advice, _GREEN)

    def _note(self, note: Note, gutter: int) -> Iterator[str]:
        yield self._detail(gutter, "note", note.message, _BLUE)
        if note.span is not None:
            yield from self._place(note.span, gutter, _BLUE)

    def _place(self, span: Span, gutter: int, colour: str) -> Iterator[str]:
        column = f":{span.column}" if span.column else ""
        yield f"{self._arrow(gutter)}{self._prefix}{span.file}:{span.line}{column}"
        lines = self._lines_of(span.file)
        if lines is None or not 0 < span.line <= len(lines):
            return
        text, carets = marked_line(lines[span.line - 1], span)
        bar = self._paint("|", _BLUE)
        number = self._paint(str(span.line).rjust(gutter), _BLUE)
        yield f"{' ' * gutter} {bar}"
        yield f"{number} {bar} {text}".rstrip()
        if carets:
            yield f"{' ' * gutter} {bar} {self._leading(carets)}{self._paint(carets.lstrip(), colour)}"

    def _arrow(self, gutter: int) -> str:
        return f"{' ' * gutter}{self._paint('-->', _BLUE)} "

    def _detail(self, gutter: int, kind: str, message: str, colour: str) -> str:
        first, *rest = message.splitlines() or [""]
        indent = " " * (gutter + len(kind) + 5)
        head = f"{' ' * gutter} {self._paint('=', _BLUE)} {self._paint(kind, colour)}: {first}"
        return "\n".join([head, *(indent + line for line in rest)])

    @staticmethod
    def _leading(text: str) -> str:
        return text[: len(text) - len(text.lstrip())]

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

"""Diagnostics for programs: plain JSON values."""

from __future__ import annotations

from typing import Any

from leoflow_compiler.diagnostics.records import Diagnostic, Note, Span


def diagnostic_to_json(item: Diagnostic) -> dict[str, Any]:
    """`{code, name, severity, message, span, notes, help, fixable}`; `span` is None or `span_to_json`."""
    return {
        "code": item.code.code,
        "name": item.code.name,
        "severity": item.severity,
        "message": item.message,
        "span": span_to_json(item.span),
        "notes": [_note(note) for note in item.notes],
        "help": item.help,
        "fixable": item.fixable,
    }


def span_to_json(span: Span | None) -> dict[str, Any] | None:
    """`{file, line, column, end_line, end_column}`; 0: not known; the file is relative to its project."""
    if span is None:
        return None
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"message": note.message, "span": span_to_json(note.span)}

"""Diagnostics: one place per code, rendered in several forms."""

from leoflow_compiler.diagnostics.excerpt import LinesOf, lines_in
from leoflow_compiler.diagnostics.outcome import Exit, exit_code, has_errors, in_order
from leoflow_compiler.diagnostics.records import Code, Diagnostic, Note, Severity, Span
from leoflow_compiler.diagnostics.text import render_text, summary

__all__ = [
    "Code",
    "Diagnostic",
    "Exit",
    "LinesOf",
    "Note",
    "Severity",
    "Span",
    "exit_code",
    "has_errors",
    "in_order",
    "lines_in",
    "render_text",
    "summary",
]

"""Diagnostics: one place per code, rendered in several forms."""

from leoflow_compiler.diagnostics.records import Code, Diagnostic, Note, Severity, Span

__all__ = ["Code", "Diagnostic", "Note", "Severity", "Span"]

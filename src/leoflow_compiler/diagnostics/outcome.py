"""What a command's end says to the shell, and in which order problems are told."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from leoflow_compiler.diagnostics.records import Diagnostic, Span

_NOWHERE = Span(file="", line=0)


class Exit(IntEnum):
    CLEAN = 0
    PROBLEMS = 1  # in the user's project, or an answer of the server that says no
    MISUSE = 2  # wrong arguments, or a defect of ours


def exit_code(diagnostics: Iterable[Diagnostic]) -> Exit:
    """Warnings alone are no problem."""
    return Exit.PROBLEMS if has_errors(diagnostics) else Exit.CLEAN


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(item.severity == "error" for item in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file and line, the same in every run; those without a place come first."""
    return tuple(sorted(diagnostics, key=lambda item: (item.span or _NOWHERE, item.code.code, item.message)))

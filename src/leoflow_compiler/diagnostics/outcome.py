"""What a command's end says to the shell, and in which order problems are told."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from leoflow_compiler.diagnostics.records import Diagnostic, Span

# Names of codes that say something about the compiler rather than about the project.
INTERNAL = "internal-error"
STOPPED = "compiler-stopped"

_NOWHERE = Span(file="", line=0)


class Exit(IntEnum):
    CLEAN = 0
    PROBLEMS = 1  # in the user's project, or an answer of the server that says no
    MISUSE = 2  # wrong arguments, or a defect of ours


def exit_code(diagnostics: Iterable[Diagnostic]) -> Exit:
    """Warnings alone are no problem; a defect of the compiler is no problem of the project."""
    found = tuple(diagnostics)
    if any(item.code.name == INTERNAL for item in found):
        return Exit.MISUSE
    return Exit.PROBLEMS if has_errors(found) else Exit.CLEAN


def is_repeatable(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether the same bytes would be told the same again: not after a defect or a machine's limit."""
    return not any(item.code.name in (INTERNAL, STOPPED) for item in diagnostics)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(item.severity == "error" for item in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file and line, the same in every run; those without a place come first."""
    return tuple(sorted(diagnostics, key=lambda item: (item.span or _NOWHERE, item.code.code, item.message)))

"""Diagnostics in the formats of other programs. Each is a function of what was found, and gives a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from leoflow_compiler.diagnostics.records import Diagnostic
from leoflow_runtime.light import dataclass

# `text` and `json` are written by the commands themselves.
NAMES = ("concise", "github", "gitlab", "sarif", "junit")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One diagnostic of one project. `path` is the file as seen from the current folder, or the project's."""

    project: str
    path: str
    diagnostic: Diagnostic


Render = Callable[[Sequence[Found], Sequence[str]], str]


def renderer(name: str) -> Render:
    """The function `(found, projects) -> text` of a format; `projects` names all that were looked at."""
    render: Render = import_module(f"{__name__}.{name}").render
    return render

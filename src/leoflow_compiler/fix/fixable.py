"""Which diagnostics `leoflow validate --fix` would make go away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.diagnostics.catalogue.airflow import OLD_SPELLING
from leoflow_compiler.fix.project import FixRefused, rewrites_of
from leoflow_compiler.project import Project


def marked(
    project: Project, document: dict[str, Any], diagnostics: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """The same diagnostics, `fixable` where the fixer writes what they are about anew.

    The fixer itself is asked: it leaves alone what serves two releases of Airflow, and a whole project whose
    `document` would change.
    """
    try:
        rewrites = rewrites_of(project, document)
    except FixRefused:
        return tuple(diagnostics)
    places = {place for rewrite in rewrites for place in rewrite.places}
    return tuple(
        replace(item, fixable=True) if item.code is OLD_SPELLING and item.span in places else item
        for item in diagnostics
    )

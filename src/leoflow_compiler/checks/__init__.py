"""Warnings beyond structure: what compiles, and is still not what its author wants. One file for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from leoflow_compiler.checks.branch_targets import branches_to_nowhere
from leoflow_compiler.checks.clock_changes import slots_that_clocks_move
from leoflow_compiler.checks.data_edges import types_that_differ
from leoflow_compiler.checks.dependencies import dependencies_and_imports
from leoflow_compiler.checks.never_runs import tasks_that_never_run
from leoflow_compiler.checks.secrets import secrets_in_source
from leoflow_compiler.checks.subject import Subject
from leoflow_compiler.checks.top_level_calls import calls_while_loading
from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.evaluate.interpreter import Interpreter

__all__ = ["CHECKS", "FILE_CHECKS", "Subject"]

# Of a file, whatever DAGs are in it.
FILE_CHECKS: tuple[Callable[[Interpreter], Iterator[Diagnostic]], ...] = (
    secrets_in_source,
    calls_while_loading,
)
# Of one DAG.
CHECKS: tuple[Callable[[Subject], Iterator[Diagnostic]], ...] = (
    dependencies_and_imports,
    slots_that_clocks_move,
    branches_to_nowhere,
    tasks_that_never_run,
    types_that_differ,
)

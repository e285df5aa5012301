"""Warnings beyond structure: what compiles, and is still not what its author wants. One file for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from leoflow_compiler.checks.secrets import secrets_in_source
from leoflow_compiler.checks.top_level_calls import calls_while_loading
from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.evaluate.interpreter import Interpreter

Check = Callable[[Interpreter], Iterator[Diagnostic]]
CHECKS: tuple[Check, ...] = (secrets_in_source, calls_while_loading)

"""Secrets that stand in the source: they would be part of `dag.json`, of the image, and of every backup."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.checks import SECRET_IN_SOURCE
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.source.secret_formats import kind_of_secret


def secrets_in_source(interpreter: Interpreter) -> Iterator[Diagnostic]:
    """One warning for each text that holds one. The secret itself is not repeated."""
    for path, source in interpreter.sources.items():
        for node in source.syntax.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 12:
                kind = kind_of_secret(node.value)
                if kind is not None:
                    yield Diagnostic(
                        code=SECRET_IN_SOURCE,
                        message=f"this text holds {kind}",
                        span=Span(file=path, line=node.lineno, column=node.col_offset + 1),
                        help="keep it in a connection or variable, and read it where the task runs",
                    )

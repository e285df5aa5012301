"""f-strings."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from leoflow_compiler.evaluate.operators import check_format
from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Opaque, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

# `ast.FormattedValue.conversion` is the letter after `!`, -1 without one.
_CONVERSIONS: dict[int, Callable[[Value], str]] = {ord("r"): repr, ord("s"): str, ord("a"): ascii}


def formatted(interpreter: Interpreter, node: ast.JoinedStr, scope: Scope) -> Value:
    """The text of an f-string; opaque as soon as one part of it is."""
    texts: list[str] = []
    text: str | Opaque
    unknown: Opaque | None = None
    start: SourcePath | None = None
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            text = _expression(interpreter, part, scope)
        else:
            assert isinstance(part, ast.Constant)
            assert isinstance(part.value, str)
            text = part.value
        if isinstance(text, SourcePath) and part is node.values[0]:
            start = text
        elif isinstance(text, Opaque):
            unknown = text if unknown is None else unknown
        else:
            texts.append(text)
    if unknown is not None:
        return unknown
    interpreter.budget.check_length(sum(map(len, texts)))
    whole = "".join(texts)
    return whole if start is None else start.followed_by(whole)


def _expression(interpreter: Interpreter, part: ast.FormattedValue, scope: Scope) -> str | Opaque:
    place = interpreter.place(part.value, scope)
    value = interpreter.evaluate(part.value, scope)
    if isinstance(value, SourcePath) and part.conversion == -1 and part.format_spec is None:
        return value
    conversion = _CONVERSIONS.get(part.conversion)
    if conversion is not None:
        value = interpreter.native(place, conversion, value)
    specification: Value = ""
    if part.format_spec is not None:
        specification = interpreter.evaluate(part.format_spec, scope)
    if isinstance(specification, Opaque):
        return specification
    check_format(interpreter, specification)
    return interpreter.native(place, format, value, specification)  # type: ignore[no-any-return]

"""String literals and f-strings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import libcst as cst

from leoflow_compiler.evaluate.operators import check_format
from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Opaque, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter


def literal(node: cst.SimpleString) -> str | bytes:
    return _literal(node.value)


@lru_cache(maxsize=10_000)
def _literal(text: str) -> str | bytes:
    """A string as written, without running any code: loops come by the same ones again and again."""
    value: str | bytes = ast.literal_eval(text)
    return value


@lru_cache(maxsize=10_000)
def number(text: str) -> int | float | complex:
    """A number as written."""
    value: int | float | complex = ast.literal_eval(text)
    return value


def formatted(interpreter: Interpreter, node: cst.FormattedString, scope: Scope) -> Value:
    """The text of an f-string; opaque as soon as one part of it is."""
    return _join(interpreter, node.parts, "r" in node.start.lower(), scope)


def _join(
    interpreter: Interpreter, parts: Sequence[cst.BaseFormattedStringContent], raw: bool, scope: Scope
) -> Value:
    texts: list[str] = []
    text: str | Opaque
    unknown: Opaque | None = None
    start: SourcePath | None = None
    for part in parts:
        if isinstance(part, cst.FormattedStringExpression):
            text = _expression(interpreter, part, raw, scope)
        else:
            assert isinstance(part, cst.FormattedStringText)
            text = _plain(part.value, raw)
        if isinstance(text, SourcePath) and part is parts[0]:
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


def _plain(text: str, raw: bool) -> str:
    """The text between the braces of an f-string, with its escapes resolved."""
    text = text.replace("{{", "{").replace("}}", "}")
    if raw or "\\" not in text:
        return text
    body = _escape_quotes(text.replace("\\\n", "")).replace("\n", "\\n").replace("\r", "\\r")
    value = ast.literal_eval(f'"{body}"')
    assert isinstance(value, str)
    return value


def _escape_quotes(text: str) -> str:
    """Escapes each double quote that no odd number of backslashes escapes already."""
    out: list[str] = []
    backslashes = 0
    for character in text:
        if character == '"' and backslashes % 2 == 0:
            out.append("\\")
        backslashes = backslashes + 1 if character == "\\" else 0
        out.append(character)
    return "".join(out)


def _expression(
    interpreter: Interpreter, part: cst.FormattedStringExpression, raw: bool, scope: Scope
) -> str | Opaque:
    place = interpreter.place(part, scope)
    value = interpreter.evaluate(part.expression, scope)
    if part.equal is not None:
        source = scope.file.tree.code_for_node(part.expression)
        if part.conversion is None and part.format_spec is None:
            value = interpreter.native(place, lambda: f"{source}={value!r}")
            return value  # type: ignore[no-any-return]
    if isinstance(value, SourcePath) and part.conversion is None and part.format_spec is None:
        return value
    conversions: dict[str, Callable[[Value], str]] = {"r": repr, "s": str, "a": ascii}
    conversion = conversions.get(part.conversion or "")
    if conversion is not None:
        value = interpreter.native(place, conversion, value)
    specification: Value = ""
    if part.format_spec is not None:
        specification = _join(interpreter, part.format_spec, raw, scope)
    if isinstance(specification, Opaque):
        return specification
    check_format(interpreter, specification)
    text = interpreter.native(place, format, value, specification)
    if part.equal is not None and isinstance(text, str):
        text = f"{scope.file.tree.code_for_node(part.expression)}={text}"
    return text  # type: ignore[no-any-return]

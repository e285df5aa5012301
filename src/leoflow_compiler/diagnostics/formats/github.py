"""Workflow commands, which GitHub Actions shows beside the lines of a pull request.

Format and escaping: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Sequence

from leoflow_compiler.diagnostics.formats import Found


def render(found: Sequence[Found], projects: Sequence[str]) -> str:
    return "".join(_command(one) + "\n" for one in found)


def _command(one: Found) -> str:
    item, span = one.diagnostic, one.diagnostic.span
    properties = {"file": one.path}
    if span is not None:
        properties["line"] = str(span.line)
        if span.end_line:
            properties["endLine"] = str(span.end_line)
        if span.column:
            properties["col"] = str(span.column)
        if span.end_column and span.end_line in (0, span.line):
            properties["endColumn"] = str(span.end_column)
    properties["title"] = f"{item.code.code} {item.code.name}"
    text = item.message if item.help is None else f"{item.message}\n{item.help}"
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{item.severity} {written}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

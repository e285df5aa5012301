"""SARIF 2.1.0 (OASIS), as code scanning services read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from leoflow_compiler.diagnostics.formats import Found
from leoflow_compiler.diagnostics.records import Code, Span

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PAGES = "https://github.com/leoflow/leoflow/blob/main/docs/diagnostics"


def render(found: Sequence[Found], projects: Sequence[str]) -> str:
    codes = sorted({one.diagnostic.code.code: one.diagnostic.code for one in found}.items())
    number = {name: index for index, (name, _) in enumerate(codes)}
    driver = {"name": "leoflow", "rules": [_rule(code) for _, code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, number) for one in found],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.code,
        "name": "".join(part.capitalize() for part in code.name.split("-")),
        "shortDescription": {"text": code.summary},
        "fullDescription": {"text": code.explanation},
        "helpUri": f"{_PAGES}/{code.code}.md",
        "defaultConfiguration": {"level": code.severity},
    }


def _result(one: Found, number: dict[str, int]) -> dict[str, Any]:
    item = one.diagnostic
    folder = one.path.removesuffix(item.span.file) if item.span is not None else ""
    related = [
        {"id": index, "message": {"text": note.message}, **_location(folder + note.span.file, note.span)}
        for index, note in enumerate(item.notes, 1)
        if note.span is not None
    ]
    result: dict[str, Any] = {
        "ruleId": item.code.code,
        "ruleIndex": number[item.code.code],
        "level": item.severity,
        "message": {"text": item.message if item.help is None else f"{item.message}\nHelp: {item.help}"},
        "locations": [_location(one.path, item.span)],
    }
    return result | ({"relatedLocations": related} if related else {})


def _location(path: str, span: Span | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
    if span is not None:
        region = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        }
        place["region"] = {name: value for name, value in region.items() if value}
    return {"physicalLocation": place}

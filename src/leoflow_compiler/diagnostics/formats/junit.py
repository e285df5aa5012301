"""JUnit XML: a test suite for each project, a failing test case for each error.

Warnings are test cases that pass and say something, so that they fail nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from leoflow_compiler.diagnostics.formats import Found

# What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(found: Sequence[Found], projects: Sequence[str]) -> str:
    root = ElementTree.Element("testsuites", name="leoflow validate")
    for project in projects:
        _suite(root, project, [one for one in found if one.project == project])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, project: str, found: Sequence[Found]) -> None:
    errors = sum(one.diagnostic.severity == "error" for one in found)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_text(project),
        tests=str(max(1, len(found))),
        failures=str(errors),
        errors="0",
    )
    if not found:
        ElementTree.SubElement(suite, "testcase", name="compiles", classname=_text(project))
    for one in found:
        item, span = one.diagnostic, one.diagnostic.span
        place = f"{one.path}:{span.line}" if span is not None else one.path
        case = ElementTree.SubElement(
            suite, "testcase", name=_text(f"{item.code.code} {place}"), classname=_text(project)
        )
        said = f"{place}: {item.message}" + (f"\nhelp: {item.help}" if item.help else "")
        if item.severity == "error":
            failure = ElementTree.SubElement(
                case, "failure", type=item.code.code, message=_text(item.message)
            )
            failure.text = _text(said)
        else:
            ElementTree.SubElement(case, "system-out").text = _text(f"{item.severity}: {said}")


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

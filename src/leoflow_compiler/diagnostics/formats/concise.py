"""One line each, as editors and `grep` like it: `file:line:column: severity CODE message`.

`[*]` after the code: `leoflow validate --fix` writes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from leoflow_compiler.diagnostics.formats import Found


def render(found: Sequence[Found], projects: Sequence[str]) -> str:
    return "".join(f"{_place(one)}: {_said(one)}\n" for one in found)


def _place(one: Found) -> str:
    span = one.diagnostic.span
    if span is None:
        return one.path
    return f"{one.path}:{span.line}:{span.column}" if span.column else f"{one.path}:{span.line}"


def _said(one: Found) -> str:
    item = one.diagnostic
    mark = " [*]" if item.fixable else ""
    return f"{item.severity} {item.code.code}{mark} {' '.join(item.message.split())}"

"""Keyword arguments that the compiler warned of by their place, and what to write there instead."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.diagnostics.catalogue.airflow import OLD_SPELLING
from leoflow_compiler.models.airflow2 import ARGUMENTS, TRIGGER_RULES
from leoflow_compiler.source.tree import SourceFile


def plan_arguments(source: SourceFile, diagnostics: Iterable[Diagnostic]) -> dict[int, cst.Arg | None]:
    """By the id of the argument: what replaces it; None: it is left out."""
    places = {
        (one.span.line, one.span.column)
        for one in diagnostics
        if one.code is OLD_SPELLING and one.span is not None and one.span.file == source.path
    }
    if not places:
        return {}
    finder = _Calls()
    source.tree.visit(finder)
    plan: dict[int, cst.Arg | None] = {}
    for call in finder.found:
        given = {arg.keyword.value for arg in call.args if arg.keyword is not None}
        for arg in call.args:
            if arg.keyword is None:
                continue
            known = arg.keyword.value in ARGUMENTS or arg.keyword.value == "trigger_rule"
            span = source.span_of(arg) if known else None
            if span is not None and (span.line, span.column) in places:
                _plan_one(arg, given, plan)
    return plan


def _plan_one(arg: cst.Arg, given: set[str], plan: dict[int, cst.Arg | None]) -> None:
    assert arg.keyword is not None
    old = ARGUMENTS.get(arg.keyword.value)
    if old is None:
        rule = TRIGGER_RULES.get(_text(arg.value) or "")
        if rule is not None and isinstance(arg.value, cst.SimpleString):
            quote = arg.value.quote
            plan[id(arg)] = arg.with_changes(value=arg.value.with_changes(value=f"{quote}{rule}{quote}"))
    elif old.new is None:
        if old.is_idle:
            plan[id(arg)] = None
    elif old.new not in given:
        plan[id(arg)] = arg.with_changes(keyword=arg.keyword.with_changes(value=old.new))


def _text(node: cst.BaseExpression) -> str | None:
    value = node.evaluated_value if isinstance(node, cst.SimpleString) and not node.prefix else None
    return value if isinstance(value, str) else None


class _Calls(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: list[cst.Call] = []

    def visit_Call(self, node: cst.Call) -> None:
        self.found.append(node)

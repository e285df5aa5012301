"""One source with its old spellings replaced, all else as it was to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import libcst as cst

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.fix.arguments import plan_arguments
from leoflow_compiler.fix.imports import ImportPlan, NewPlace, plan_imports
from leoflow_compiler.source.tree import SourceFile


def rewrite(source: SourceFile, diagnostics: Iterable[Diagnostic], new_place: NewPlace) -> str:
    """The new text; the old one where there is nothing to do. `diagnostics` are what compiling it said."""
    imports = plan_imports(source, new_place)
    arguments = plan_arguments(source, diagnostics)
    if not imports.statements and not arguments:
        return source.text
    changed = source.tree.visit(_Rewriter(imports, arguments))
    assert isinstance(changed, cst.Module)
    return changed.code


class _Rewriter(cst.CSTTransformer):
    def __init__(self, imports: ImportPlan, arguments: Mapping[int, cst.Arg | None]) -> None:
        self._imports = imports
        self._arguments = arguments

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        written = self._imports.statements.get(id(original_node), ())
        return written[0] if len(written) == 1 else updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine]:
        written = self._imports.statements.get(id(original_node.body[0]), ()) if original_node.body else ()
        if len(written) < 2:
            return updated_node
        first = updated_node.with_changes(body=[written[0]])
        others = [cst.SimpleStatementLine(body=[one]) for one in written[1:]]
        return cst.FlattenSentinel([first, *others])

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        new = self._imports.renames.get(updated_node.value)
        return updated_node.with_changes(value=new) if new is not None else updated_node

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)  # of some other object

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg | cst.RemovalSentinel:
        kept = updated_node.with_changes(keyword=original_node.keyword)
        if id(original_node) not in self._arguments:
            return kept
        planned = self._arguments[id(original_node)]
        if planned is None:
            return cst.RemoveFromParent()
        if planned.value is not original_node.value:
            return planned
        return kept.with_changes(keyword=planned.keyword)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        """What follows the last argument belonged to one that is left out: its line break stays."""
        if len(updated_node.args) == len(original_node.args) or not updated_node.args:
            return updated_node
        last = original_node.args[-1]
        if id(last) not in self._arguments or self._arguments[id(last)] is not None:
            return updated_node
        end = updated_node.args[-1].with_changes(
            comma=last.comma, whitespace_after_arg=last.whitespace_after_arg
        )
        return updated_node.with_changes(args=[*updated_node.args[:-1], end])

"""One source file with Airflow 3's spellings. Pure: text in, text out."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node

from leoflow_compiler.fix.file_names import FileNames
from leoflow_compiler.models.airflow2 import (
    DAG_ARGUMENTS,
    NAMES,
    TASK_ARGUMENTS,
    TRIGGER_RULES,
    OldArgument,
    spelling_of,
)

_CLASS_ENDINGS = ("Operator", "Sensor")


def rewritten(text: str) -> str:
    """The text with Airflow 3's spellings. Raises SyntaxError and cst.ParserSyntaxError."""
    rewriter = _Rewriter(FileNames.of(ast.parse(text)))
    module = cst.parse_module(text).visit(rewriter)
    if rewriter.renamed:
        module = module.visit(_Names(rewriter.renamed))
    return module.code


class _Rewriter(cst.CSTTransformer):
    def __init__(self, names: FileNames) -> None:
        super().__init__()
        self.renamed: dict[str, str] = {}  # names of the file, by an import that was rewritten
        self._names = names
        self._tries = 0
        self._kept: set[cst.ImportFrom] = set()  # in `try` and `if`, for two releases of Airflow

    def visit_Try(self, node: cst.Try) -> None:
        self._kept.update(_imports_in(node))
        self._tries += 1

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try) -> cst.Try:
        self._tries -= 1
        return updated_node

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        comment = node.trailing_whitespace.comment
        if comment is not None and "leoflow: ignore" in comment.value:
            self._kept.update(_imports_in(node))  # someone wants it so

    def visit_If(self, node: cst.If) -> None:
        self._kept.update(_imports_in(node))

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        if original_node in self._kept:
            return updated_node
        module = get_full_name_for_node(original_node.module) if original_node.module is not None else None
        if module is None or original_node.relative or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        new_module = spelling_of(module)
        names = [self._alias(module, alias) for alias in updated_node.names]
        if new_module is None and names == list(updated_node.names):
            return updated_node
        path = cst.parse_expression(new_module or module)
        assert isinstance(path, (cst.Name, cst.Attribute))
        return updated_node.with_changes(module=path, names=names)

    def _alias(self, module: str, alias: cst.ImportAlias) -> cst.ImportAlias:
        old = alias.name.value if isinstance(alias.name, cst.Name) else ""
        new = NAMES.get((module, old))
        if new is None:
            return alias
        if alias.asname is None:
            if not self._names.can_rename(old, new):
                asname = cst.AsName(name=cst.Name(old))
                return alias.with_changes(name=cst.Name(new), asname=asname)
            self.renamed[old] = new
        return alias.with_changes(name=cst.Name(new))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        name = get_full_name_for_node(original_node.func) or ""
        path = self._names.path_of(name) if not self._tries else ""  # the handler may be for Airflow 3
        if path.rpartition(".")[2] in ("DAG", "dag"):
            return updated_node.with_changes(args=_arguments(updated_node.args, DAG_ARGUMENTS))
        if any(part == "task" or part.endswith(_CLASS_ENDINGS) for part in path.split(".")):
            return updated_node.with_changes(args=_arguments(updated_node.args, TASK_ARGUMENTS))
        return updated_node


def _imports_in(node: cst.CSTNode) -> list[cst.ImportFrom]:
    """All import statements below a statement."""
    found: list[cst.ImportFrom] = []
    pending = list(node.children)
    while pending:
        child = pending.pop()
        if isinstance(child, cst.ImportFrom):
            found.append(child)
        elif isinstance(child, (cst.BaseSuite, cst.BaseStatement, cst.Else, cst.ExceptHandler, cst.Finally)):
            pending.extend(child.children)
    return found


class _Names(cst.CSTTransformer):
    def __init__(self, renamed: Mapping[str, str]) -> None:
        super().__init__()
        self._renamed = renamed

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)  # `module.DummyOperator` is another thing

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        new = self._renamed.get(original_node.value)
        return updated_node if new is None else updated_node.with_changes(value=new)


def _arguments(args: Sequence[cst.Arg], table: Mapping[str, OldArgument]) -> list[cst.Arg]:
    given = {arg.keyword.value for arg in args if arg.keyword is not None}
    found: list[cst.Arg] = []
    for arg in args:
        old = table.get(arg.keyword.value) if arg.keyword is not None else None
        if old is not None and old.new is None:
            if arg is args[-1] and found:
                found[-1] = found[-1].with_changes(
                    comma=arg.comma, whitespace_after_arg=arg.whitespace_after_arg
                )
            continue
        if old is not None and old.new is not None and old.new not in given:
            arg = arg.with_changes(keyword=cst.Name(old.new))
        found.append(_with_new_rule(arg))
    return found


def _with_new_rule(arg: cst.Arg) -> cst.Arg:
    if (
        arg.keyword is None
        or arg.keyword.value != "trigger_rule"
        or not isinstance(arg.value, cst.SimpleString)
    ):
        return arg
    rule = TRIGGER_RULES.get(str(arg.value.evaluated_value))
    if rule is None:
        return arg
    quote = arg.value.quote
    return arg.with_changes(value=cst.SimpleString(f"{quote}{rule}{quote}"))

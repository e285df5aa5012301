"""One source file with Airflow 3's spellings. Pure: text in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leoflow_compiler.fix import light_libcst  # noqa: F401, isort: skip - before libcst is named

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import MetadataWrapper, PositionProvider

from leoflow_compiler.diagnostics import Span
from leoflow_compiler.fix.file_names import FileNames
from leoflow_compiler.models.airflow2 import (
    DAG_ARGUMENTS,
    NAMES,
    TASK_ARGUMENTS,
    TRIGGER_RULES,
    OldArgument,
    spelling_of,
)
from leoflow_compiler.source.guard import guard

_CLASS_ENDINGS = ("Operator", "Sensor")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewritten:
    """The new text, and the imports and arguments of the old one that it spells otherwise."""

    text: str
    places: frozenset[Span]


def rewritten(text: str, path: str) -> Rewritten:
    """The text of the file `path` with Airflow 3's spellings. Raises SourceRefused."""
    syntax = guard(text, path)
    try:
        module = cst.parse_module(text)
    except (cst.ParserSyntaxError, cst.CSTLogicError):
        return Rewritten(text=text, places=frozenset())  # syntax that only newer Pythons have
    rewriter = _Rewriter(FileNames.of(syntax.tree))
    changed = module.visit(rewriter)
    if rewriter.renamed:
        changed = changed.visit(_Names(rewriter.renamed))
    places = _places(module, rewriter.changed, path) if rewriter.changed else frozenset()
    return Rewritten(text=changed.code, places=places)


def _places(module: cst.Module, nodes: Iterable[cst.CSTNode], path: str) -> frozenset[Span]:
    """Where nodes of the file stand."""
    ranges = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    return frozenset(
        Span(
            file=path,
            line=found.start.line,
            column=found.start.column + 1,
            end_line=found.end.line,
            end_column=found.end.column + 1,
        )
        for found in map(ranges.__getitem__, nodes)
    )


class _Rewriter(cst.CSTTransformer):
    def __init__(self, names: FileNames) -> None:
        super().__init__()
        self.renamed: dict[str, str] = {}  # names of the file, by an import that was rewritten
        self.changed: list[cst.CSTNode] = []  # nodes of the tree as it was
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
        self.changed.append(original_node)
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
            return self._renamed(original_node, updated_node, DAG_ARGUMENTS)
        if any(part == "task" or part.endswith(_CLASS_ENDINGS) for part in path.split(".")):
            return self._renamed(original_node, updated_node, TASK_ARGUMENTS)
        return updated_node

    def _renamed(self, was: cst.Call, call: cst.Call, table: Mapping[str, OldArgument]) -> cst.Call:
        args = [_argument(arg, call.args, table) for arg in call.args]
        pairs = zip(was.args, call.args, args, strict=True)
        self.changed += [old for old, arg, new in pairs if new is not arg]
        return call.with_changes(args=_without_removed(call.args, args))


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


def _argument(arg: cst.Arg, args: Sequence[cst.Arg], table: Mapping[str, OldArgument]) -> cst.Arg | None:
    """One of `args` as it shall be: the same object where nothing changes, None to leave it out."""
    old = table.get(arg.keyword.value) if arg.keyword is not None else None
    if old is None:
        return _with_new_rule(arg)
    if old.new is None:
        return None
    is_given = any(one.keyword is not None and one.keyword.value == old.new for one in args)
    return arg if is_given else arg.with_changes(keyword=cst.Name(old.new))


def _without_removed(before: Sequence[cst.Arg], after: Sequence[cst.Arg | None]) -> list[cst.Arg]:
    kept = [arg for arg in after if arg is not None]
    if kept and after[-1] is None:  # what is last now ends as the last one did
        last = before[-1]
        kept[-1] = kept[-1].with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    return kept


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

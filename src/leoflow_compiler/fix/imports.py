"""Which `from … import …` statements get which other ones, and which names change in the file with them."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import libcst as cst
from libcst.helpers import get_full_name_for_node

from leoflow_compiler.source.tree import SourceFile

# (module, name) → where it is now, as (module, name); None: nothing is known, so it stays.
NewPlace = Callable[[str, str], tuple[str, str] | None]

_IGNORED = re.compile(r"leoflow:\s*ignore\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportPlan:
    statements: Mapping[int, tuple[cst.ImportFrom, ...]]  # by the id of the ImportFrom that they replace
    renames: Mapping[str, str]  # of names, everywhere in the file


def plan_imports(source: SourceFile, new_place: NewPlace) -> ImportPlan:
    """Leaves statements alone that stand in `if` or `try`: they may serve two versions of Airflow."""
    finder = _Finder()
    source.tree.visit(finder)
    moved: dict[int, list[_Moved]] = {}
    for statement in finder.found:
        aliases = _moved(statement, new_place)
        if aliases is not None and (finder.alone(statement) or len({one.module for one in aliases}) == 1):
            moved[id(statement)] = aliases
    renames = _renames(source, [alias for aliases in moved.values() for alias in aliases])
    statements = {
        id(statement): tuple(_written(statement, moved[id(statement)], renames))
        for statement in finder.found
        if id(statement) in moved
    }
    return ImportPlan(statements=statements, renames=renames)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Moved:
    """One imported name. `alias` is what the file writes after `as`."""

    old: str
    module: str
    new: str
    alias: str | None

    @property
    def is_renamed(self) -> bool:
        return self.alias is None and self.new != self.old


class _Finder(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: list[cst.ImportFrom] = []
        self._alone: set[int] = set()

    def visit_If(self, node: cst.If) -> bool:
        return False

    def visit_Try(self, node: cst.Try) -> bool:
        return False

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        comment = node.trailing_whitespace.comment
        if comment is not None and _IGNORED.search(comment.value):
            return False
        if len(node.body) == 1:
            self._alone.add(id(node.body[0]))
        return True

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        self.found.append(node)
        return False

    def alone(self, statement: cst.ImportFrom) -> bool:
        """Whether it may become several statements: it has its line, and no comments in parentheses."""
        return id(statement) in self._alone and "#" not in cst.Module(body=()).code_for_node(statement)


def _moved(statement: cst.ImportFrom, new_place: NewPlace) -> list[_Moved] | None:
    """Every imported name at its new place; None when all stay as they are."""
    if statement.relative or statement.module is None or isinstance(statement.names, cst.ImportStar):
        return None
    module = get_full_name_for_node(statement.module) or ""
    found = []
    for alias in statement.names:
        name = alias.evaluated_name
        place = new_place(module, name) or (module, name)
        found.append(_Moved(old=name, module=place[0], new=place[1], alias=alias.evaluated_alias))
    return found if any((one.module, one.new) != (module, one.old) for one in found) else None


def _renames(source: SourceFile, moved: list[_Moved]) -> dict[str, str]:
    """Names that can change everywhere: bound by these imports alone, and their new names are free."""
    renamed = [one for one in moved if one.is_renamed]
    if not renamed:
        return {}
    bindings: defaultdict[str, int] = defaultdict(int)
    used: set[str] = set()
    words: set[str] = set()
    same: set[str] = set()  # new names that the file imports from the same place already
    for node in ast.walk(source.syntax):
        for name in _bound(node):
            bindings[name] += 1
        if isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.update(re.findall(r"\w+", node.value) if len(node.value) < 200 else ())
        elif isinstance(node, ast.ImportFrom):
            places = {(one.module, one.new) for one in renamed}
            same.update(a.name for a in node.names if (node.module, a.name) in places and a.asname is None)
    for one in moved:
        if not one.is_renamed and one.alias is None:
            same.add(one.new)
    ours: defaultdict[str, list[_Moved]] = defaultdict(list)
    for one in renamed:
        ours[one.old].append(one)
    found: dict[str, str] = {}
    for old, its in ours.items():
        new = its[0].new
        is_free = (new not in bindings and new not in used) or (new in same and bindings[new] == 1)
        if len({one.new for one in its}) == 1 and bindings[old] == len(its) and is_free and old not in words:
            found[old] = new
    return found


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds, in any scope."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.arg():
            yield node.arg
        case ast.alias():
            yield (node.asname or node.name).partition(".")[0]
        case ast.Global() | ast.Nonlocal():
            yield from node.names
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name


def _written(
    statement: cst.ImportFrom, moved: list[_Moved], renames: Mapping[str, str]
) -> Iterator[cst.ImportFrom]:
    """The statement once for each module that its names are now in; parentheses stay where it is one."""
    assert not isinstance(statement.names, cst.ImportStar)
    groups: defaultdict[str, dict[str, cst.ImportAlias]] = defaultdict(dict)
    for alias, one in zip(statement.names, moved, strict=True):
        local = one.alias or (one.new if one.old in renames else one.old)
        written = alias.with_changes(
            name=_dotted(one.new),
            asname=None if local == one.new else _as(local) if one.alias is None else alias.asname,
        )
        groups[one.module].setdefault(local, written)
    for module, aliases in groups.items():
        names = list(aliases.values())
        if len(groups) == 1:
            if statement.lpar is None:
                names[-1] = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            yield statement.with_changes(module=_dotted(module), names=names)
            continue
        plain = [one.with_changes(comma=cst.MaybeSentinel.DEFAULT) for one in names]
        yield statement.with_changes(module=_dotted(module), names=plain, lpar=None, rpar=None)


def _dotted(path: str) -> cst.Name | cst.Attribute:
    first, *rest = path.split(".")
    node: cst.Name | cst.Attribute = cst.Name(first)
    for part in rest:
        node = cst.Attribute(value=node, attr=cst.Name(part))
    return node


def _as(name: str) -> cst.AsName:
    return cst.AsName(name=cst.Name(name))

"""What the names of a file are bound to: what tells a rename that is safe from one that is not."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from leoflow_compiler.models.airflow2 import MODULES, NAMES


@dataclass(frozen=True, kw_only=True, slots=True)
class FileNames:
    """What the names of a file are, wherever in it they are bound."""

    airflow: Mapping[str, frozenset[str]]  # bound by imports of Airflow alone: its paths
    bound: frozenset[str]  # bound in any other way
    words: frozenset[str]  # in short strings: `__all__`, annotations, `globals()[…]`

    @classmethod
    def of(cls, tree: ast.Module) -> FileNames:
        imported: defaultdict[str, set[str]] = defaultdict(set)
        bound: set[str] = set()
        words: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for name, path in _imported(node):
                    imported[name].add(path)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                bound.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.add(node.name)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
                bound.add(node.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100:
                words.update(re.findall(r"\w+", node.value))
        bound |= {name for name, paths in imported.items() if any(_top(path) != "airflow" for path in paths)}
        airflow = {name: frozenset(paths) for name, paths in imported.items() if name not in bound}
        return cls(airflow=airflow, bound=frozenset(bound), words=frozenset(words))

    def can_rename(self, old: str, new: str) -> bool:
        """Whether every `old` of the file may become `new`: each stands for one and the same."""
        if {old, new} & (self.bound | self.words):
            return False
        paths = self.airflow.get(old, frozenset()) | self.airflow.get(new, frozenset())
        return len({_new_path(path) for path in paths}) == 1

    def path_of(self, dotted: str) -> str:
        """Airflow's path of a dotted name; empty where it is another thing."""
        first, dot, rest = dotted.partition(".")
        paths = self.airflow.get(first)
        return f"{min(paths)}{dot}{rest}" if paths else ""


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import binds, with what they are."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            path = f"{'.' * node.level}{node.module or ''}.{alias.name}"
            yield alias.asname or alias.name, path
        else:
            yield alias.asname or _top(alias.name), alias.name if alias.asname else _top(alias.name)


def _top(path: str) -> str:
    return path.partition(".")[0]


def _new_path(path: str) -> str:
    module, _, name = path.rpartition(".")
    return f"{MODULES.get(module, module)}.{NAMES.get((module, name), name)}"

"""Names: where they live and how they are found."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from leoflow_compiler.evaluate.values import Value
from leoflow_compiler.source.tree import SourceFile
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.generators import Generator


@dataclass(eq=False, kw_only=True, slots=True)
class Scope:
    """One namespace and the ones around it."""

    kind: Literal["module", "function", "class", "comprehension"]
    file: SourceFile
    module: str
    names: dict[str, Value]
    parent: Scope | None = None
    outer: dict[str, Scope] = field(default_factory=dict)  # names declared `global` or `nonlocal`
    function: object = None  # the Function whose body this is, for super()
    generator: Generator | None = None  # of a generator's body

    def module_scope(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def function_parent(self) -> Scope:
        """The scope that a function defined here closes over: class bodies are skipped."""
        scope = self
        while scope.kind == "class" and scope.parent is not None:
            scope = scope.parent
        return scope

    def find(self, name: str) -> Scope | None:
        """The nearest scope that has the name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.outer:
                scope = scope.outer[name]
                return scope if name in scope.names else None
            if name in scope.names and (scope is self or scope.kind != "class"):
                return scope
            scope = scope.parent
        return None

    def visible(self) -> set[str]:
        """All names that `find` would find."""
        found: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            found |= scope.names.keys()
            scope = scope.parent
        return found

    def target(self, name: str) -> Scope:
        """The scope that an assignment to the name changes."""
        return self.outer.get(name, self)

    def walrus_target(self, name: str) -> Scope:
        """`:=` in a comprehension binds in the scope around it."""
        scope = self
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        return scope.target(name)

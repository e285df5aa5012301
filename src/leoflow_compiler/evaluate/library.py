"""What is known about installed packages: tables that `leoflow_compiler.models` fills."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics import Code
from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.evaluate.values import Library, Opaque, Place, Value
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter
    from leoflow_compiler.evaluate.scope import Scope


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Call:
    """One call of something modelled."""

    interpreter: Interpreter
    name: str  # as written, for messages
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]
    place: Place
    scope: Scope | None = None  # None: called by native code, such as `map`

    def place_of(self, argument: str) -> Place:
        """Where the keyword argument is written; the call itself when it came by `**`."""
        return place_of(self.place, argument)

    def refusal(
        self, code: Code, message: str, *, argument: str | None = None, help: str | None = None
    ) -> Refusal:
        place = self.place_of(argument) if argument else self.place
        return Refusal(code, message, place, help=help)


def place_of(call: Place, argument: str) -> Place:
    """Where a call's keyword argument is written; the call itself when it came by `**`."""
    node = call.node
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg == argument:
                return Place(file=call.file, node=keyword, statement=call.statement)
    return call


CallModel = Callable[[Call], Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class Models:
    """Tables by canonical dotted path."""

    aliases: dict[str, str] = field(default_factory=dict)  # another path of the same thing
    module_aliases: dict[str, str] = field(default_factory=dict)  # a module whose names are another's
    calls: dict[str, CallModel] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)  # constants, pure functions and types: themselves
    lists: set[str] = field(default_factory=set)  # those of `values` that the evaluated code may change
    closed: dict[str, frozenset[str]] = field(default_factory=dict)  # module -> all names that it has
    starred: dict[str, tuple[str, ...]] = field(default_factory=dict)  # module -> what `import *` brings
    builtins: dict[str, Value] = field(default_factory=dict)
    # Types whose public methods have no effect outside of the value.
    pure_types: set[type] = field(default_factory=set)
    # (type, attribute) -> why its value is known only at run time
    impure: dict[tuple[type, str], str] = field(default_factory=dict)
    remedies: dict[str, str] = field(default_factory=dict)  # such a reason -> what to write instead
    pure_functions: set[object] = field(default_factory=set)
    # What a call of something that is not in `calls` does; None: its result is opaque.
    unknown_call: Callable[[Library, Call], CallModel | None] = field(default=lambda _library, _call: None)
    # What an instance of a class that derives from an installed one is (path, base, call); None: opaque.
    instance_of: Callable[[str, str, Call], Value | None] = field(default=lambda _path, _base, _call: None)
    # The native class for project classes that derive from this; None: their instances are opaque.
    base_class: Callable[[Library], type | None] = field(default=lambda _library: None)
    # What helps where an operation on these values raised.
    advice: Callable[..., str | None] = field(default=lambda *_values: None)
    # The value of a constant of a package, by its path; None: it is not known.
    constant: Callable[[str], Value] = field(default=lambda _path: None)
    # What to import from instead of a module of an older Airflow; None: nothing is to be said.
    spelling_of: Callable[[str], str | None] = field(default=lambda _path: None)
    # Whether the installed release lacks what is modelled all the same: an import of it in `try` raises.
    is_gone: Callable[[str], bool] = field(default=lambda _path: False)
    # Of an import of something that is known not to exist: (message, help).
    missing_import: Callable[[str], tuple[str, str | None] | None] = field(default=lambda _path: None)
    # Functions that must look at their arguments before the native one may run.
    # They raise BudgetExceeded, or return what is known instead of a value.
    guards: dict[object, Callable[[Call], Opaque | None]] = field(default_factory=dict)

    def copy(self) -> Models:
        """Tables of their own for an interpreter, which adds what belongs to one compilation."""
        own = ("calls", "values", "builtins", "pure_types", "pure_functions")
        copy = replace(self, **{name: getattr(self, name).copy() for name in own})
        for path in self.lists:
            copy.values[path] = [*copy.values[path]]
        return copy

    def pure(self, module: str, *things: Any) -> None:
        """Registers types and functions without effects outside of their values, each under its own name."""
        for thing in things:
            self.values[f"{module}.{thing.__name__}"] = thing
            if isinstance(thing, type):
                self.pure_types.add(thing)
            else:
                self.pure_functions.add(thing)

    def constants(self, module: str, values: Mapping[str, Value]) -> None:
        """Registers values of a module by their names."""
        for name, value in values.items():
            self.values[f"{module}.{name}"] = value
            if type(value) is list:
                self.lists.add(f"{module}.{name}")

    def canonical(self, path: str) -> str:
        """The path under which the thing is modelled; a module keeps its own."""
        while path not in self.module_aliases:
            if path in self.aliases:
                path = self.aliases[path]
                continue
            module, _, name = path.rpartition(".")
            target = self.module_aliases.get(module)
            if target is None or name not in self.closed.get(target, (name,)):
                break
            path = f"{target}.{name}"
        return path

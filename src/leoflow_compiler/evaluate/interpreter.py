"""The interpreter's state, and the operations that expressions, statements and models share."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MethodType
from typing import Any

from leoflow_compiler.diagnostics import Code, Diagnostic
from leoflow_compiler.diagnostics.catalogue.evaluation import OPAQUE_STRUCTURE
from leoflow_compiler.evaluate import calls, expressions, modules, statements
from leoflow_compiler.evaluate.budget import Budget, BudgetExceeded
from leoflow_compiler.evaluate.errors import Cascade, Interruption, Raised, Refusal, StructureUnknown, Touched
from leoflow_compiler.evaluate.generators import Generator
from leoflow_compiler.evaluate.installed import Installed
from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Function, Library, Module, Opaque, Place, Unknown, Value
from leoflow_compiler.source.tree import SourceFile


class Interpreter:
    """Evaluates one project. Problems are collected in `problems`; models keep their records in `records`."""

    def __init__(
        self,
        *,
        files: Mapping[str, Path],
        environment: Mapping[str, str],
        models: Models,
        budget: Budget | None = None,
        dependencies: Iterable[str] = (),
    ) -> None:
        self.installed = Installed(dependencies)
        self.files = files
        self.search_path: tuple[str, ...] = ("",)  # folders of the project where modules are looked for
        self.environment = environment
        self.models = models
        self.budget = budget or Budget()
        self.problems: list[Refusal] = []
        self.records: dict[str, Any] = {}
        self.modules: dict[str, Module] = {}
        self.generators: list[Generator] = []  # that have begun and not ended
        self.sources: dict[str, SourceFile] = {}
        self.diagnostics: list[Diagnostic] = []  # of files that cannot be parsed
        self.current: Place | None = None  # the call or statement being evaluated
        self.speculation: Opaque | None = None  # set while evaluating what may not happen
        self.unknown_contexts: list[Opaque] = []  # `with` blocks around whose managers are opaque
        self.protected = 0  # depth of `try` blocks around: exceptions have somewhere to go
        self.failures = 0  # statements without a result, also those that were reported before
        self.exhausted: Place | None = None  # where a budget ran out
        self.probing = False  # set while finding out whether unknown code could change the graph
        self.probe_hit: StructureUnknown | None = None
        self.opaque_count = 0
        self._reported: set[tuple[str, int, str]] = set()

    def close(self) -> None:
        """Ends what is still waiting. Nothing can be evaluated afterwards."""
        for generator in list(self.generators):
            generator.close()

    # Places and problems

    def place(self, node: ast.AST, scope: Scope) -> Place:
        statement = node
        if self.current is not None and self.current.file is scope.file:
            statement = self.current.statement
        return Place(file=scope.file, node=node, statement=statement)

    def here(self) -> Place:
        """The place being evaluated, for native callbacks that have no node of their own."""
        assert self.current is not None
        return self.current

    def report(self, problem: Refusal) -> None:
        """Keeps a problem; the same problem at the same place only once."""
        node = problem.place.node if problem.place else None
        key = (problem.code.code, id(node), problem.message if node is None else "")
        if self.probing:
            self.probe_hit = self.probe_hit or (problem if isinstance(problem, StructureUnknown) else None)
        elif key not in self._reported:
            self._reported.add(key)
            self.problems.append(problem)

    def refuse(self, code: Code, message: str, place: Place, *, help: str | None = None) -> Refusal:
        return Refusal(code, message, place, help=help)

    # Opaque values

    def opaque(
        self, why: str, place: Place, cause: Opaque | None = None, *, advice: str | None = None
    ) -> Opaque:
        self.opaque_count += 1
        return Opaque(why, place, cause, advice=advice)

    def settled(self, value: Value) -> Value:
        """The value; what comes from a package that is not read as the opaque value that it is."""
        return value.as_opaque() if isinstance(value, Library) else value

    def structure_needs(
        self,
        opaque: Opaque,
        what: str,
        place: Place,
        help: str | None = None,
        kind: type[Refusal] = Refusal,
    ) -> Interruption:
        """The reason why structure cannot be built from something opaque."""
        if opaque.cascade:
            return Cascade()
        links = opaque.chain()
        notes = tuple((link.why, link.place) for link in links[:6])
        return kind(
            OPAQUE_STRUCTURE,
            f"{what} cannot be known when the DAG is compiled",
            place,
            notes=notes,
            help=help or opaque.remedy(),
        )

    def structural_event(self, what: str, place: Place) -> None:
        """Called before the graph changes. Raises where it is unknown whether that happens."""
        if self.speculation is not None:
            raise self.structure_needs(self.speculation, f"whether {what}", place, kind=StructureUnknown)

    def context_event(self, what: str, place: Place) -> None:
        """Called before something joins the DAG or group of the `with` blocks around it."""
        if self.unknown_contexts:
            what = f"to which DAG or group {what} belongs"
            raise self.structure_needs(self.unknown_contexts[-1], what, place, kind=StructureUnknown)

    def changes_value(self, what: str, place: Place) -> None:
        """Called before a value is changed in place. Raises where it is unknown whether that happens."""
        if self.speculation is not None:
            raise self.structure_needs(self.speculation, f"whether {what} is changed here", place)

    @contextmanager
    def speculating(self, opaque: Opaque) -> Iterator[None]:
        """What happens inside may not happen."""
        before = self.speculation
        self.speculation = before or opaque
        try:
            yield
        finally:
            self.speculation = before

    # Native operations

    def native(self, place: Place, operation: Callable[..., Value], *args: Value, **kwargs: Value) -> Value:
        """Runs one of Python's own operations on values; what it raises is the project's exception."""
        try:
            result = operation(*args, **kwargs)
        except Touched as touched:
            return touched.opaque
        except (Interruption, BudgetExceeded):
            raise
        except RecursionError:
            raise BudgetExceeded("calls nested too deeply") from None
        except MemoryError:
            raise BudgetExceeded("more memory than a compile may use") from None
        except Exception as error:  # noqa: BLE001 - any exception here is one that the project's code raises
            unknown = next((value for value in (*args, *kwargs.values()) if isinstance(value, Unknown)), None)
            if unknown is not None:
                return unknown.as_opaque()  # with the real value it might not have been raised
            raise Raised(error, place, advice=partial(self.models.advice, *args)) from None
        self.budget.check(result)
        return result

    def in_order(self, value: Value) -> Value:
        """Sets as sorted lists, because their own order differs from process to process."""
        if type(value) not in (set, frozenset) or len(value) < 2:
            return value
        if any(_has_no_text(item) for item in value):
            return self.opaque("the order of this set differs from run to run", self.here())
        return self.native(
            self.here(), sorted, value, key=lambda item: (type(item).__name__, _id(item) or str(item))
        )

    def items(self, value: Value, place: Place) -> list[Value] | Opaque:
        """`list(value)`; sets in an order that is the same in every compile."""
        result = self.native(place, list, self.in_order(value))
        assert isinstance(result, (list, Opaque))
        return result

    # Evaluation

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        return expressions.evaluate(self, node, scope)

    def call(self, callee: Value, args: tuple[Value, ...], kwargs: Mapping[str, Value]) -> Value:
        """A call out of native code or a model; its place is the one being evaluated."""
        return calls.call(self, callee, args, kwargs, self.here(), None)

    def call_function(
        self, function: Function, args: tuple[Value, ...], kwargs: Mapping[str, Value]
    ) -> Value:
        return calls.call_function(self, function, args, kwargs, self.here())

    def run_module(self, name: str, path: str) -> Module:
        """Evaluates a file of the project as a module, once."""
        return modules.run_module(self, name, path)

    def run_block(self, block: Sequence[ast.stmt], scope: Scope) -> statements.Signal:
        return statements.run_block(self, block, scope)

    def library(self, path: str) -> Value:
        """The value that stands for a dotted path of an installed package."""
        canonical = self.models.canonical(path)
        if canonical in self.models.values:
            return self.models.values[canonical]
        constant = self.models.constant(canonical)
        if constant is not None:
            return constant
        return Library(canonical, self)

    def truth(self, value: Value, place: Place) -> bool | Opaque:
        """`bool(value)`, or the opaque value that it depends on."""
        result = self.native(place, bool, value)
        assert isinstance(result, (bool, Opaque))
        return result

    def describe(self, callee: Value) -> str:
        """A callable's name for messages."""
        if isinstance(callee, Library):
            return callee.path
        if isinstance(callee, MethodType):
            callee = callee.__func__
        return str(getattr(callee, "__name__", type(callee).__name__))


def _id(item: Value) -> str | None:
    """A task's or group's own."""
    names = getattr(item, "__dict__", {})
    found = names.get("task_id") or names.get("group_id")
    return found if isinstance(found, str) else None


def _has_no_text(item: Value) -> bool:
    """Whether all that tells it from others is where it lies in memory."""
    text: Any = type(item).__repr__
    return text is object.__repr__ and _id(item) is None

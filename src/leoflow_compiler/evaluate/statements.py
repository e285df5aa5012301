"""Statements: one function per kind of node, and recovery from problems between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import libcst as cst

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate import branches, classes, modules, patterns
from leoflow_compiler.evaluate.assignment import assign, target_names
from leoflow_compiler.evaluate.budget import BudgetExceeded
from leoflow_compiler.evaluate.errors import Cascade, Raised, Refusal, Touched
from leoflow_compiler.evaluate.operators import IN_PLACE, binary
from leoflow_compiler.evaluate.problems import problem_of
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.signals import Break, Continue, MaybeReturn, Return, Signal
from leoflow_compiler.evaluate.values import Opaque, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

__all__ = ["MaybeReturn", "Return", "Signal", "run_block", "yields"]

Runner = Callable[["Interpreter", Any, Scope], Signal]
_RUNNERS: dict[type[cst.CSTNode], Runner] = {}
F = TypeVar("F", bound=Runner)


def runs(*kinds: type[cst.CSTNode]) -> Callable[[F], F]:
    def register(function: F) -> F:
        for kind in kinds:
            _RUNNERS[kind] = function
        return function

    return register


def run_block(interpreter: Interpreter, block: cst.BaseSuite, scope: Scope) -> Signal:
    """Runs the statements of a block."""
    return run_statements(interpreter, block.body, scope)


def run_statements(interpreter: Interpreter, body: Sequence[cst.CSTNode], scope: Scope) -> Signal:
    """Runs statements in order; a problem in one is kept and the next one is run."""
    for index, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine):
            signal = run_statements(interpreter, statement.body, scope)
        else:
            signal = _run(interpreter, statement, scope)
        if isinstance(signal, MaybeReturn):
            with interpreter.speculating(signal.opaque):
                run_statements(interpreter, body[index + 1 :], scope)
            return signal
        if signal is not None:
            return signal
    return None


def _run(interpreter: Interpreter, statement: cst.CSTNode, scope: Scope) -> Signal:
    interpreter.budget.step()
    before = interpreter.current
    interpreter.current = Place(file=scope.file, node=statement, statement=statement)
    try:
        runner = _RUNNERS.get(type(statement))
        if runner is None:
            raise interpreter.refuse(
                UNSUPPORTED_PYTHON,
                f"`{type(statement).__name__}` statements are not evaluated at the top level of a DAG file",
                interpreter.current,
            )
        return runner(interpreter, statement, scope)
    except Cascade:
        _poison(interpreter, statement, scope)
    except BudgetExceeded:
        interpreter.exhausted = interpreter.exhausted or interpreter.current
        raise
    except Refusal as refusal:
        interpreter.report(refusal)
        _poison(interpreter, statement, scope)
    except Touched as touched:
        place = interpreter.here()
        problem = interpreter.structure_needs(touched.opaque, "a value that this statement needs", place)
        if isinstance(problem, Refusal):
            interpreter.report(problem)
        _poison(interpreter, statement, scope)
    except Raised as raised:
        # Inside `try` it has somewhere to go; where it may not happen at all, the branch knows what to do.
        if interpreter.protected or interpreter.speculation is not None:
            raise
        interpreter.report(problem_of(raised))
        _poison(interpreter, statement, scope)
    finally:
        interpreter.current = before
    return None


def _poison(interpreter: Interpreter, statement: cst.CSTNode, scope: Scope) -> None:
    """After a problem, the names that the statement would have bound stand for it, silently."""
    interpreter.failures += 1
    place = Place(file=scope.file, node=statement, statement=statement)
    for name in bound_names(statement):
        scope.target(name).names[name] = Opaque("reported above", place, cascade=True)


def bound_names(statement: cst.CSTNode) -> list[str]:
    """The names that one simple statement or definition binds."""
    if isinstance(statement, cst.Assign):
        return [name for target in statement.targets for name in target_names(target.target)]
    if isinstance(statement, (cst.AnnAssign, cst.AugAssign)):
        return target_names(statement.target)
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
        return [statement.name.value]
    if isinstance(statement, (cst.Import, cst.ImportFrom)):
        return modules.imported_names(statement)
    if isinstance(statement, cst.With):
        return [name for item in statement.items if item.asname for name in target_names(item.asname.name)]
    if isinstance(statement, cst.For):
        return target_names(statement.target)
    return []


def yields(function: cst.FunctionDef) -> bool:
    """Whether the function is a generator."""
    found = _YieldFinder()
    function.body.visit(found)
    return found.found


class _YieldFinder(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def visit_Yield(self, node: cst.Yield) -> bool:
        self.found = True
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False


@runs(cst.Expr)
def _expression(interpreter: Interpreter, node: cst.Expr, scope: Scope) -> Signal:
    interpreter.evaluate(node.value, scope)
    return None


@runs(cst.Pass)
def _pass(interpreter: Interpreter, node: cst.Pass, scope: Scope) -> Signal:
    return None


@runs(cst.Break)
def _break(interpreter: Interpreter, node: cst.Break, scope: Scope) -> Signal:
    return Break()


@runs(cst.Continue)
def _continue(interpreter: Interpreter, node: cst.Continue, scope: Scope) -> Signal:
    return Continue()


@runs(cst.Return)
def _return(interpreter: Interpreter, node: cst.Return, scope: Scope) -> Signal:
    return Return(value=interpreter.evaluate(node.value, scope) if node.value is not None else None)


@runs(cst.Assign)
def _assign(interpreter: Interpreter, node: cst.Assign, scope: Scope) -> Signal:
    value = interpreter.evaluate(node.value, scope)
    for target in node.targets:
        assign(interpreter, target.target, value, scope)
    return None


@runs(cst.AnnAssign)
def _annotated(interpreter: Interpreter, node: cst.AnnAssign, scope: Scope) -> Signal:
    if scope.kind == "class" and isinstance(node.target, cst.Name):
        classes.annotate(interpreter, node, scope)
    if node.value is not None:
        assign(interpreter, node.target, interpreter.evaluate(node.value, scope), scope)
    return None


@runs(cst.AugAssign)
def _augmented(interpreter: Interpreter, node: cst.AugAssign, scope: Scope) -> Signal:
    place = interpreter.place(node, scope)
    current = interpreter.evaluate(node.target, scope)
    value = interpreter.evaluate(node.value, scope)
    mutable = isinstance(current, (list, set, dict))
    if mutable:
        interpreter.changes_value("a container", place)
    result = binary(interpreter, IN_PLACE[type(node.operator)], current, value, place)
    if mutable and isinstance(result, Opaque):
        name = scope.file.tree.code_for_node(node.target)
        raise interpreter.structure_needs(result, f"what `{name}` contains", place)
    assign(interpreter, node.target, result, scope)
    return None


@runs(cst.Import)
def _import(interpreter: Interpreter, node: cst.Import, scope: Scope) -> Signal:
    modules.run_import(interpreter, node, scope)
    return None


@runs(cst.ImportFrom)
def _import_from(interpreter: Interpreter, node: cst.ImportFrom, scope: Scope) -> Signal:
    modules.run_import_from(interpreter, node, scope)
    return None


@runs(cst.Global)
def _global(interpreter: Interpreter, node: cst.Global, scope: Scope) -> Signal:
    for item in node.names:
        scope.outer[item.name.value] = scope.module_scope()
    return None


@runs(cst.Nonlocal)
def _nonlocal(interpreter: Interpreter, node: cst.Nonlocal, scope: Scope) -> Signal:
    for item in node.names:
        found = scope.parent.find(item.name.value) if scope.parent is not None else None
        if found is not None:
            scope.outer[item.name.value] = found
    return None


@runs(cst.Del)
def _del(interpreter: Interpreter, node: cst.Del, scope: Scope) -> Signal:
    targets = (
        [element.value for element in node.target.elements]
        if isinstance(node.target, (cst.Tuple, cst.List))
        else [node.target]
    )
    for target in targets:
        place = interpreter.place(target, scope)
        interpreter.changes_value(f"`{scope.file.tree.code_for_node(target)}`", place)
        if isinstance(target, cst.Name):
            holder = scope.target(target.value)
            if target.value not in holder.names:
                kind = UnboundLocalError if holder.kind == "function" else NameError
                raise Raised(kind(f"name '{target.value}' is not defined"), place)
            del holder.names[target.value]
        elif isinstance(target, cst.Subscript):
            _delete_item(interpreter, target, scope, place)
        else:
            raise interpreter.refuse(UNSUPPORTED_PYTHON, "deleting attributes is not evaluated", place)
    return None


def _delete_item(interpreter: Interpreter, target: cst.Subscript, scope: Scope, place: Place) -> None:
    import operator

    from leoflow_compiler.evaluate.expressions import subscript_key

    container = interpreter.evaluate(target.value, scope)
    if isinstance(container, Opaque):
        return
    key = subscript_key(interpreter, target, scope)
    done = interpreter.native(place, operator.delitem, container, key)
    if isinstance(done, Opaque):
        raise interpreter.structure_needs(done, "what the container holds", place)


@runs(cst.Assert)
def _assert(interpreter: Interpreter, node: cst.Assert, scope: Scope) -> Signal:
    place = interpreter.place(node, scope)
    known = interpreter.truth(interpreter.evaluate(node.test, scope), place)
    if known is False:
        message = interpreter.evaluate(node.msg, scope) if node.msg is not None else None
        error = AssertionError(message) if isinstance(message, str) else AssertionError()
        raise Raised(error, place)
    return None


@runs(cst.Raise)
def _raise(interpreter: Interpreter, node: cst.Raise, scope: Scope) -> Signal:
    place = interpreter.place(node, scope)
    if node.exc is None:
        active = interpreter.records.get("handling")
        if active:
            raise Raised(active[-1], place)
        raise Raised(RuntimeError("No active exception to reraise"), place)
    value = interpreter.evaluate(node.exc, scope)
    if isinstance(value, type) and issubclass(value, BaseException):
        value = interpreter.call(value, (), {})
    if node.cause is not None:
        cause = interpreter.evaluate(node.cause.item, scope)
        if isinstance(value, BaseException) and isinstance(cause, BaseException):
            value.__cause__ = cause
    if not isinstance(value, BaseException):
        name = scope.file.tree.code_for_node(node.exc)
        value = Exception(name[:200])
    raise Raised(value, place)


@runs(cst.FunctionDef)
def _function(interpreter: Interpreter, node: cst.FunctionDef, scope: Scope) -> Signal:
    from leoflow_compiler.evaluate.calls import make_function

    decorators = [interpreter.evaluate(decorator.decorator, scope) for decorator in node.decorators]
    value: Value = make_function(interpreter, node, scope)
    value = decorate(interpreter, node, decorators, value, scope)
    scope.target(node.name.value).names[node.name.value] = value
    return None


@runs(cst.ClassDef)
def _class(interpreter: Interpreter, node: cst.ClassDef, scope: Scope) -> Signal:
    decorators = [interpreter.evaluate(decorator.decorator, scope) for decorator in node.decorators]
    value = classes.make_class(interpreter, node, scope)
    value = decorate(interpreter, node, decorators, value, scope)
    scope.target(node.name.value).names[node.name.value] = value
    return None


def decorate(
    interpreter: Interpreter,
    node: cst.FunctionDef | cst.ClassDef,
    decorators: Sequence[Value],
    value: Value,
    scope: Scope,
) -> Value:
    from leoflow_compiler.evaluate.calls import call

    for decorator, written in zip(reversed(decorators), reversed(node.decorators), strict=True):
        place = interpreter.place(written, scope)
        before = interpreter.current
        interpreter.current = Place(file=scope.file, node=written.decorator, statement=node)
        try:
            value = call(interpreter, decorator, (value,), {}, place, scope)
        finally:
            interpreter.current = before
    return value


_RUNNERS[cst.If] = branches.run_if
_RUNNERS[cst.For] = branches.run_for
_RUNNERS[cst.While] = branches.run_while
_RUNNERS[cst.Try] = branches.run_try
_RUNNERS[cst.With] = branches.run_with
_RUNNERS[cst.Match] = patterns.run_match

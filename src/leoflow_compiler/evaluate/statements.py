"""Statements: one function per kind of node, and recovery from problems between them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

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
from leoflow_compiler.source.tree import Definition

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

__all__ = ["MaybeReturn", "Return", "Signal", "run_block", "yields"]

Runner = Callable[["Interpreter", Any, Scope], Signal]
_RUNNERS: dict[type[ast.stmt], Runner] = {}
F = TypeVar("F", bound=Runner)


def runs(*kinds: type[ast.stmt]) -> Callable[[F], F]:
    def register(function: F) -> F:
        for kind in kinds:
            _RUNNERS[kind] = function
        return function

    return register


def run_block(interpreter: Interpreter, body: Sequence[ast.stmt], scope: Scope) -> Signal:
    """Runs statements in order; a problem in one is kept and the next one is run."""
    for index, statement in enumerate(body):
        signal = _run(interpreter, statement, scope)
        if signal is None:
            continue
        if isinstance(signal, MaybeReturn):
            with interpreter.speculating(signal.opaque):
                run_block(interpreter, body[index + 1 :], scope)
        return signal
    return None


def _run(interpreter: Interpreter, statement: ast.stmt, scope: Scope) -> Signal:
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


def _poison(interpreter: Interpreter, statement: ast.stmt, scope: Scope) -> None:
    """After a problem, the names that the statement would have bound stand for it, silently."""
    interpreter.failures += 1
    place = Place(file=scope.file, node=statement, statement=statement)
    for name in bound_names(statement):
        scope.target(name).names[name] = Opaque("reported above", place, cascade=True)


def bound_names(statement: ast.stmt) -> list[str]:
    """The names that one simple statement or definition binds."""
    if isinstance(statement, ast.Assign):
        return [name for target in statement.targets for name in target_names(target)]
    if isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
        return target_names(statement.target)
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return modules.imported_names(statement)
    if isinstance(statement, ast.With):
        return [
            name
            for item in statement.items
            if item.optional_vars is not None
            for name in target_names(item.optional_vars)
        ]
    if isinstance(statement, ast.For):
        return target_names(statement.target)
    return []


def yields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the function is a generator."""
    pending: list[ast.AST] = [*function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            pending += ast.iter_child_nodes(node)
    return False


@runs(ast.Expr)
def _expression(interpreter: Interpreter, node: ast.Expr, scope: Scope) -> Signal:
    interpreter.evaluate(node.value, scope)
    return None


@runs(ast.Pass)
def _pass(interpreter: Interpreter, node: ast.Pass, scope: Scope) -> Signal:
    return None


@runs(ast.Break)
def _break(interpreter: Interpreter, node: ast.Break, scope: Scope) -> Signal:
    return Break()


@runs(ast.Continue)
def _continue(interpreter: Interpreter, node: ast.Continue, scope: Scope) -> Signal:
    return Continue()


@runs(ast.Return)
def _return(interpreter: Interpreter, node: ast.Return, scope: Scope) -> Signal:
    return Return(value=interpreter.evaluate(node.value, scope) if node.value is not None else None)


@runs(ast.Assign)
def _assign(interpreter: Interpreter, node: ast.Assign, scope: Scope) -> Signal:
    value = interpreter.evaluate(node.value, scope)
    for target in node.targets:
        assign(interpreter, target, value, scope)
    return None


@runs(ast.AnnAssign)
def _annotated(interpreter: Interpreter, node: ast.AnnAssign, scope: Scope) -> Signal:
    if scope.kind == "class" and isinstance(node.target, ast.Name):
        classes.annotate(interpreter, node, scope)
    if node.value is not None:
        assign(interpreter, node.target, interpreter.evaluate(node.value, scope), scope)
    return None


@runs(ast.AugAssign)
def _augmented(interpreter: Interpreter, node: ast.AugAssign, scope: Scope) -> Signal:
    place = interpreter.place(node, scope)
    current = interpreter.evaluate(node.target, scope)
    value = interpreter.evaluate(node.value, scope)
    mutable = isinstance(current, (list, set, dict))
    if mutable:
        interpreter.changes_value("a container", place)
    result = binary(interpreter, IN_PLACE[type(node.op)], current, value, place)
    if mutable and isinstance(result, Opaque):
        name = scope.file.code_of(node.target)
        raise interpreter.structure_needs(result, f"what `{name}` contains", place)
    assign(interpreter, node.target, result, scope)
    return None


@runs(ast.Import)
def _import(interpreter: Interpreter, node: ast.Import, scope: Scope) -> Signal:
    modules.run_import(interpreter, node, scope)
    return None


@runs(ast.ImportFrom)
def _import_from(interpreter: Interpreter, node: ast.ImportFrom, scope: Scope) -> Signal:
    modules.run_import_from(interpreter, node, scope)
    return None


@runs(ast.Global)
def _global(interpreter: Interpreter, node: ast.Global, scope: Scope) -> Signal:
    for name in node.names:
        scope.outer[name] = scope.module_scope()
    return None


@runs(ast.Nonlocal)
def _nonlocal(interpreter: Interpreter, node: ast.Nonlocal, scope: Scope) -> Signal:
    for name in node.names:
        found = scope.parent.find(name) if scope.parent is not None else None
        if found is not None:
            scope.outer[name] = found
    return None


@runs(ast.Delete)
def _delete(interpreter: Interpreter, node: ast.Delete, scope: Scope) -> Signal:
    for target in node.targets:
        _delete_target(interpreter, target, scope)
    return None


def _delete_target(interpreter: Interpreter, target: ast.expr, scope: Scope) -> None:
    if isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            _delete_target(interpreter, element, scope)
        return
    place = interpreter.place(target, scope)
    interpreter.changes_value(f"`{scope.file.code_of(target)}`", place)
    if isinstance(target, ast.Name):
        holder = scope.target(target.id)
        if target.id not in holder.names:
            kind = UnboundLocalError if holder.kind == "function" else NameError
            raise Raised(kind(f"name '{target.id}' is not defined"), place)
        del holder.names[target.id]
    elif isinstance(target, ast.Subscript):
        _delete_item(interpreter, target, scope, place)
    else:
        raise interpreter.refuse(UNSUPPORTED_PYTHON, "deleting attributes is not evaluated", place)


def _delete_item(interpreter: Interpreter, target: ast.Subscript, scope: Scope, place: Place) -> None:
    import operator

    container = interpreter.evaluate(target.value, scope)
    if isinstance(container, Opaque):
        return
    key = interpreter.evaluate(target.slice, scope)
    done = interpreter.native(place, operator.delitem, container, key)
    if isinstance(done, Opaque):
        raise interpreter.structure_needs(done, "what the container holds", place)


@runs(ast.Assert)
def _assert(interpreter: Interpreter, node: ast.Assert, scope: Scope) -> Signal:
    place = interpreter.place(node, scope)
    known = interpreter.truth(interpreter.evaluate(node.test, scope), place)
    if known is False:
        message = interpreter.evaluate(node.msg, scope) if node.msg is not None else None
        error = AssertionError(message) if isinstance(message, str) else AssertionError()
        raise Raised(error, place)
    return None


@runs(ast.Raise)
def _raise(interpreter: Interpreter, node: ast.Raise, scope: Scope) -> Signal:
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
        cause = interpreter.evaluate(node.cause, scope)
        if isinstance(value, BaseException) and isinstance(cause, BaseException):
            value.__cause__ = cause
    if not isinstance(value, BaseException):
        name = scope.file.code_of(node.exc)
        value = Exception(name[:200])
    raise Raised(value, place)


@runs(ast.FunctionDef, ast.AsyncFunctionDef)
def _function(interpreter: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Signal:
    from leoflow_compiler.evaluate.calls import make_function

    decorators = [interpreter.evaluate(decorator, scope) for decorator in node.decorator_list]
    value: Value = make_function(interpreter, node, scope)
    value = decorate(interpreter, node, decorators, value, scope)
    scope.target(node.name).names[node.name] = value
    return None


@runs(ast.ClassDef)
def _class(interpreter: Interpreter, node: ast.ClassDef, scope: Scope) -> Signal:
    decorators = [interpreter.evaluate(decorator, scope) for decorator in node.decorator_list]
    value = classes.make_class(interpreter, node, scope)
    value = decorate(interpreter, node, decorators, value, scope)
    scope.target(node.name).names[node.name] = value
    return None


def decorate(
    interpreter: Interpreter,
    node: Definition,
    decorators: Sequence[Value],
    value: Value,
    scope: Scope,
) -> Value:
    from leoflow_compiler.evaluate.calls import call

    for decorator, written in zip(reversed(decorators), reversed(node.decorator_list), strict=True):
        place = interpreter.place(written, scope)
        before = interpreter.current
        interpreter.current = Place(file=scope.file, node=written, statement=node)
        try:
            value = call(interpreter, decorator, (value,), {}, place, scope)
        finally:
            interpreter.current = before
    return value


_RUNNERS[ast.If] = branches.run_if
_RUNNERS[ast.For] = branches.run_for
_RUNNERS[ast.While] = branches.run_while
_RUNNERS[ast.Try] = branches.run_try
_RUNNERS[ast.With] = branches.run_with
_RUNNERS[ast.Match] = patterns.run_match

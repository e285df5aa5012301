"""`match`: patterns against known values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate.attributes import get_attribute
from leoflow_compiler.evaluate.operators import compare
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.signals import Signal
from leoflow_compiler.evaluate.values import Opaque, Place, Value, opaque_within

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter


def run_match(interpreter: Interpreter, node: ast.Match, scope: Scope) -> Signal:
    subject = interpreter.evaluate(node.subject, scope)
    place = interpreter.place(node.subject, scope)
    unknown = opaque_within(subject)
    if unknown is not None:
        raise interpreter.structure_needs(unknown, "which case applies", place)
    for case in node.cases:
        bound: dict[str, Value] = {}
        if not _matches(interpreter, case.pattern, subject, scope, bound):
            continue
        scope.names.update(bound)
        if case.guard is not None:
            known = interpreter.truth(interpreter.evaluate(case.guard, scope), place)
            if isinstance(known, Opaque):
                raise interpreter.structure_needs(known, "which case applies", place)
            if not known:
                continue
        return interpreter.run_block(case.body, scope)
    return None


def _matches(
    interpreter: Interpreter,
    pattern: ast.pattern,
    subject: Value,
    scope: Scope,
    bound: dict[str, Value],
) -> bool:
    place = interpreter.place(pattern, scope)
    if isinstance(pattern, ast.MatchValue):
        return _equal(interpreter, subject, interpreter.evaluate(pattern.value, scope), place)
    if isinstance(pattern, ast.MatchSingleton):
        return subject is pattern.value
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None and not _matches(interpreter, pattern.pattern, subject, scope, bound):
            return False
        if pattern.name is not None:
            bound[pattern.name] = subject
        return True
    if isinstance(pattern, ast.MatchOr):
        return any(_matches(interpreter, one, subject, scope, bound) for one in pattern.patterns)
    if isinstance(pattern, ast.MatchSequence):
        return _sequence(interpreter, pattern, subject, scope, bound)
    if isinstance(pattern, ast.MatchMapping):
        return _mapping(interpreter, pattern, subject, scope, bound)
    if isinstance(pattern, ast.MatchClass):
        return _class(interpreter, pattern, subject, scope, bound)
    raise interpreter.refuse(UNSUPPORTED_PYTHON, "this pattern is not evaluated", place)


def _equal(interpreter: Interpreter, left: Value, right: Value, place: Place) -> bool:
    import operator

    result = interpreter.truth(compare(interpreter, operator.eq, left, right, place), place)
    if isinstance(result, Opaque):
        raise interpreter.structure_needs(result, "which case applies", place)
    return result


def _sequence(
    interpreter: Interpreter,
    pattern: ast.MatchSequence,
    subject: Value,
    scope: Scope,
    bound: dict[str, Value],
) -> bool:
    if not isinstance(subject, (list, tuple)):
        return False
    elements = pattern.patterns
    star = next((i for i, one in enumerate(elements) if isinstance(one, ast.MatchStar)), None)
    if star is None:
        if len(elements) != len(subject):
            return False
        pairs = list(zip(elements, subject, strict=True))
    else:
        tail = len(elements) - star - 1
        if len(subject) < len(elements) - 1:
            return False
        starred = elements[star]
        assert isinstance(starred, ast.MatchStar)
        if starred.name is not None:
            bound[starred.name] = list(subject[star : len(subject) - tail])
        pairs = [
            *zip(elements[:star], subject[:star], strict=True),
            *zip(elements[star + 1 :], subject[len(subject) - tail :], strict=True),
        ]
    return all(_matches(interpreter, element, item, scope, bound) for element, item in pairs)


def _mapping(
    interpreter: Interpreter, pattern: ast.MatchMapping, subject: Value, scope: Scope, bound: dict[str, Value]
) -> bool:
    if not isinstance(subject, dict):
        return False
    rest = dict(subject)
    for written, inner in zip(pattern.keys, pattern.patterns, strict=True):
        key = interpreter.evaluate(written, scope)
        if key not in subject or not _matches(interpreter, inner, subject[key], scope, bound):
            return False
        rest.pop(key, None)
    if pattern.rest is not None:
        bound[pattern.rest] = rest
    return True


def _class(
    interpreter: Interpreter, pattern: ast.MatchClass, subject: Value, scope: Scope, bound: dict[str, Value]
) -> bool:
    place = interpreter.place(pattern, scope)
    kind = interpreter.evaluate(pattern.cls, scope)
    if not isinstance(kind, type):
        raise interpreter.refuse(UNSUPPORTED_PYTHON, "this pattern's class is not known", place)
    if not isinstance(subject, kind):
        return False
    names = getattr(kind, "__match_args__", ())
    for index, positional in enumerate(pattern.patterns):
        if kind in (str, int, float, bool, bytes, list, tuple, dict, set, frozenset) and index == 0:
            value = subject
        elif index < len(names):
            value = get_attribute(interpreter, subject, names[index], place)
        else:
            return False
        if not _matches(interpreter, positional, value, scope, bound):
            return False
    return all(
        hasattr(subject, name)
        and _matches(interpreter, inner, get_attribute(interpreter, subject, name, place), scope, bound)
        for name, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)
    )

"""Operators: Python's own, behind checks of what they may cost."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from leoflow_compiler.evaluate.values import Library, Opaque, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

Operation = Callable[[Value, Value], Value]

BINARY: dict[type[ast.operator], Operation] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.MatMult: operator.matmul,
}

IN_PLACE: dict[type[ast.operator], Operation] = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.Mult: operator.imul,
    ast.Div: operator.itruediv,
    ast.FloorDiv: operator.ifloordiv,
    ast.Mod: operator.imod,
    ast.Pow: operator.ipow,
    ast.LShift: operator.ilshift,
    ast.RShift: operator.irshift,
    ast.BitAnd: operator.iand,
    ast.BitOr: operator.ior,
    ast.BitXor: operator.ixor,
    ast.MatMult: operator.imatmul,
}

UNARY: dict[type[ast.unaryop], Callable[[Value], Value]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def _not_in(left: Value, right: Value) -> bool:
    return left not in right


def _in(left: Value, right: Value) -> bool:
    return left in right


COMPARISON: dict[type[ast.cmpop], Operation] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: _in,
    ast.NotIn: _not_in,
}

_MULTIPLY = (operator.mul, operator.imul)
_POWER = (operator.pow, operator.ipow)
_SHIFT = (operator.lshift, operator.ilshift)


def binary(interpreter: Interpreter, operation: Operation, left: Value, right: Value, place: Place) -> Value:
    """One binary operation; costs are looked at before it runs."""
    if type(left) is int and type(right) is int:
        _check_integers(interpreter, operation, left, right)
    elif operation in _MULTIPLY:
        for sequence, count in ((left, right), (right, left)):
            if isinstance(sequence, (str, bytes, list, tuple)) and isinstance(count, int):
                interpreter.budget.check_length(len(sequence) * max(count, 0))
    elif isinstance(left, str) and operation is operator.mod:
        check_format(interpreter, left)
    return interpreter.native(place, operation, left, right)


def compare(interpreter: Interpreter, operation: Operation, left: Value, right: Value, place: Place) -> Value:
    """One comparison. Identity of something unknown is unknown."""
    if operation in (operator.is_, operator.is_not):
        for value in (left, right):
            if isinstance(value, Opaque) or (isinstance(value, Library) and not value.modelled):
                return value.as_opaque()
    return interpreter.native(place, operation, left, right)


def check_format(interpreter: Interpreter, text: str) -> None:
    """Refuses a format whose widths alone would make a huge text."""
    digits = ""
    for character in text:
        if character.isdigit():
            digits += character
            if len(digits) > 6:
                interpreter.budget.check_length(10 ** min(len(digits), 12))
        else:
            digits = ""


def _check_integers(interpreter: Interpreter, operation: Operation, left: int, right: int) -> None:
    budget = interpreter.budget
    if operation in _POWER and right > 0:
        budget.check_bits(left.bit_length() * right)
    elif operation in _SHIFT and right > 0:
        budget.check_bits(left.bit_length() + right)
    elif operation in _MULTIPLY:
        budget.check_bits(left.bit_length() + right.bit_length())

"""Operators: Python's own, behind checks of what they may cost."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

import libcst as cst

from leoflow_compiler.evaluate.values import Library, Opaque, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

Operation = Callable[[Value, Value], Value]

BINARY: dict[type[cst.CSTNode], Operation] = {
    cst.Add: operator.add,
    cst.Subtract: operator.sub,
    cst.Multiply: operator.mul,
    cst.Divide: operator.truediv,
    cst.FloorDivide: operator.floordiv,
    cst.Modulo: operator.mod,
    cst.Power: operator.pow,
    cst.LeftShift: operator.lshift,
    cst.RightShift: operator.rshift,
    cst.BitAnd: operator.and_,
    cst.BitOr: operator.or_,
    cst.BitXor: operator.xor,
    cst.MatrixMultiply: operator.matmul,
}

IN_PLACE: dict[type[cst.CSTNode], Operation] = {
    cst.AddAssign: operator.iadd,
    cst.SubtractAssign: operator.isub,
    cst.MultiplyAssign: operator.imul,
    cst.DivideAssign: operator.itruediv,
    cst.FloorDivideAssign: operator.ifloordiv,
    cst.ModuloAssign: operator.imod,
    cst.PowerAssign: operator.ipow,
    cst.LeftShiftAssign: operator.ilshift,
    cst.RightShiftAssign: operator.irshift,
    cst.BitAndAssign: operator.iand,
    cst.BitOrAssign: operator.ior,
    cst.BitXorAssign: operator.ixor,
    cst.MatrixMultiplyAssign: operator.imatmul,
}

UNARY: dict[type[cst.CSTNode], Callable[[Value], Value]] = {
    cst.Not: operator.not_,
    cst.Minus: operator.neg,
    cst.Plus: operator.pos,
    cst.BitInvert: operator.invert,
}


def _not_in(left: Value, right: Value) -> bool:
    return left not in right


def _in(left: Value, right: Value) -> bool:
    return left in right


COMPARISON: dict[type[cst.CSTNode], Operation] = {
    cst.Equal: operator.eq,
    cst.NotEqual: operator.ne,
    cst.LessThan: operator.lt,
    cst.LessThanEqual: operator.le,
    cst.GreaterThan: operator.gt,
    cst.GreaterThanEqual: operator.ge,
    cst.Is: operator.is_,
    cst.IsNot: operator.is_not,
    cst.In: _in,
    cst.NotIn: _not_in,
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

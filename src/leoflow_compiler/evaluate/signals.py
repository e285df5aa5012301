"""How a block ends, other than by reaching its end (None)."""

from __future__ import annotations

from leoflow_compiler.evaluate.values import Opaque, Value
from leoflow_runtime.light import dataclass


@dataclass(frozen=True, slots=True)
class Break:
    """`break`."""


@dataclass(frozen=True, slots=True)
class Continue:
    """`continue`."""


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """`return value`."""

    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class MaybeReturn:
    """It is not known whether the function returns here; if it does, its value is not known."""

    opaque: Opaque


Signal = Break | Continue | Return | MaybeReturn | None

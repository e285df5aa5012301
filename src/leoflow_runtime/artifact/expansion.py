"""What tasks and groups are mapped over, as far as a document says: how many instances there are to be.

Values are never looked at. What an upstream task left has a length, which its process reports with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any, Literal

from leoflow_runtime.light import dataclass

# The task whose output it is -> how many items that has; None: it left nothing that can be gone through.
LengthOf = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Output:
    """As many as the output of a task has items; a mapped task's output is the list of its values."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Of several outputs: `zip` (the shortest), `longest` (a zip with a fill value), `concat` (all)."""

    by: Literal["zip", "longest", "concat"]
    parts: tuple[Length, ...]


Length = int | Output | Joined
_JOIN: dict[str, Callable[[list[int]], int]] = {"zip": min, "longest": max, "concat": sum}


@dataclass(frozen=True, slots=True)
class Expansion:
    """The instances are the product of the `factors`, the first of which turns slowest."""

    factors: tuple[Length, ...]

    @property
    def upstream(self) -> tuple[str, ...]:
        """The tasks that it is mapped over, each once."""
        return tuple(dict.fromkeys(task_id for factor in self.factors for task_id in _outputs(factor)))

    def length(self, of: LengthOf) -> int | None:
        """How many instances there are; None where an output has no length."""
        lengths = [_length(factor, of) for factor in self.factors]
        known = [length for length in lengths if length is not None]
        return prod(known) if len(known) == len(lengths) else None


def expansion_of(mapped: Mapping[str, Any]) -> Expansion | None:
    """Of a document's `mapped`; None where only the running file knows over how many it is mapped."""
    values = [mapped["expand_kwargs"]] if "expand_kwargs" in mapped else list(mapped["expand"].values())
    factors = [_of_value(value) for value in values]
    known = tuple(factor for factor in factors if factor is not None)
    return Expansion(known) if known and len(known) == len(factors) else None


def _of_value(value: Any) -> Length | None:
    if isinstance(value, Mapping) and set(value) == {"$xcom"}:
        return _of_source(value["$xcom"])
    return len(value) if isinstance(value, (list, Mapping)) else None


def _of_source(source: Any) -> Length | None:
    if isinstance(source, str):
        return Output(source)
    if isinstance(source, list):
        return len(source)
    if "task_id" in source:
        return Output(source["task_id"])
    if "map" in source:
        return _of_source(source["map"])
    if "value" in source:
        return _of_value(source["value"])
    by: Literal["zip", "longest", "concat"] = "concat" if "concat" in source else "zip"
    if by not in source:
        return None
    parts = [_of_source(part) for part in source[by]]
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    return Joined("longest" if by == "zip" and "fillvalue" in source else by, known)


def _length(factor: Length, of: LengthOf) -> int | None:
    if isinstance(factor, int):
        return factor
    if isinstance(factor, Output):
        return of(factor.task_id)
    lengths = [_length(part, of) for part in factor.parts]
    known = [length for length in lengths if length is not None]
    return _JOIN[factor.by](known) if len(known) == len(lengths) else None


def _outputs(factor: Length) -> Iterator[str]:
    if isinstance(factor, Output):
        yield factor.task_id
    elif isinstance(factor, Joined):
        for part in factor.parts:
            yield from _outputs(part)

"""How long tasks take in a simulation, and how often they fail.

As JSON, by the most exact name: `{"sales.load": 90, "load": [60, 120], "*": {"seconds": 9, "fails": 0.1}}`.
A number is seconds; a pair is drawn from evenly; `fails` is the part of the tries that fail; `length` is how
long a list the task returns, where others are mapped over it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_SECONDS = 60.0


class DurationsInvalid(ValueError):
    """A document that does not say durations; one sentence in `str(error)`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """What one try of a task does: takes this long, fails or not, returns a list of this length."""

    seconds: float
    fails: bool = False
    length: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Range:
    low: float
    high: float
    fails: float = 0.0
    length: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Durations:
    """By `dag_id.task_id`, by `task_id`, or for all (`*`)."""

    ranges: Mapping[str, _Range] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def from_document(cls, document: Any, *, seed: int = 0) -> Durations:
        """Raises DurationsInvalid."""
        if not isinstance(document, Mapping):
            raise DurationsInvalid('durations are a JSON object such as {"load": 90, "*": 30}')
        return cls(ranges={name: _parse(name, value) for name, value in document.items()}, seed=seed)

    def of(self, *, dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> Behaviour:
        """The same names give the same answer, in whatever order they are asked for."""
        drawn = self.ranges.get(f"{dag_id}.{task_id}") or self.ranges.get(task_id) or self.ranges.get("*")
        if drawn is None:
            return Behaviour(seconds=DEFAULT_SECONDS)
        if drawn.low == drawn.high and not drawn.fails:
            return Behaviour(seconds=drawn.low, length=drawn.length)
        chance = random.Random(f"{self.seed}/{dag_id}/{run_id}/{task_id}/{map_index}/{try_number}")  # noqa: S311
        seconds = chance.uniform(drawn.low, drawn.high)
        return Behaviour(seconds=seconds, fails=chance.random() < drawn.fails, length=drawn.length)

    def unknown(self, names: set[str]) -> list[str]:
        """Entries that name none of these (`dag_id.task_id` and `task_id`), sorted."""
        return sorted(set(self.ranges) - names - {"*"})


def _parse(name: str, value: Any) -> _Range:
    given = value if isinstance(value, Mapping) else {"seconds": value}
    if set(given) - {"seconds", "fails", "length"} or "seconds" not in given:
        raise DurationsInvalid(f'{name!r} takes `seconds`, `fails` and `length`, as in {{"seconds": 60}}')
    seconds, fails, length = given["seconds"], given.get("fails", 0), given.get("length", 1)
    bounds = seconds if isinstance(seconds, list) else [seconds, seconds]
    if len(bounds) != 2 or not all(_is_number(bound) for bound in bounds) or bounds[0] > bounds[1]:
        raise DurationsInvalid(f"{name!r} takes seconds, or [shortest, longest]")
    if not _is_number(fails) or fails > 1:
        raise DurationsInvalid(f"`fails` of {name!r} is a part of 1, such as 0.1")
    if not _is_number(length) or not isinstance(length, int):
        raise DurationsInvalid(f"`length` of {name!r} is a whole number, such as 10")
    return _Range(low=float(bounds[0]), high=float(bounds[1]), fails=float(fails), length=length)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0

"""What a run of the command leaves."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Outcome:
    status: int
    out: str
    err: str


Leoflow = Callable[..., Outcome]

"""What makes every compile end: limits on steps, depth and sizes."""

from __future__ import annotations

from leoflow_runtime.light import dataclass

_SIZED = frozenset({str, bytes, bytearray, list, tuple, dict, set, frozenset})


class BudgetExceeded(Exception):
    """A limit is reached; `limit` names it in words."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(kw_only=True, slots=True)
class Budget:
    """Counts down. Every evaluated expression and every turn of a loop is a step."""

    steps: int = 300_000
    depth: int = 80  # nested calls of project functions
    size: int = 1_000_000  # items of a container, characters of a text
    tasks: int = 100_000
    bits: int = 200_000  # of an integer

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise BudgetExceeded("more than 300,000 steps at the top level")

    def check_length(self, length: int) -> None:
        if length > self.size:
            raise BudgetExceeded(f"a value with {length:,} items or characters (at most {self.size:,})")

    def check(self, value: object) -> None:
        """Refuses values that have grown too large."""
        if isinstance(value, int):
            self.check_bits(value.bit_length())
        elif type(value) in _SIZED:
            self.check_length(len(value))  # type: ignore[arg-type]

    def check_bits(self, bits: int) -> None:
        if bits > self.bits:
            raise BudgetExceeded(f"an integer of {bits:,} bits")

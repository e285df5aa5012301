"""How often one may try: a token bucket per client and per user, in memory and bounded."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class Attempts:
    """`burst` tries at once, one more every `refill_seconds`. The least recently used are forgotten."""

    def __init__(
        self,
        *,
        burst: int = 10,
        refill_seconds: float = 6.0,
        remembered: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = float(burst)
        self._refill_seconds = refill_seconds
        self._remembered = remembered
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, at

    def wait_seconds(self, *names: str) -> float:
        """0 and one token less for each name; or how long until all of them have one, and none is taken."""
        now = self._clock()
        levels = [self._level(name, now) for name in names]
        missing = max((1.0 - level for level in levels), default=0.0)
        if missing > 1e-9:
            return missing * self._refill_seconds
        for name, level in zip(names, levels, strict=True):
            self._put(name, level - 1.0, now)
        return 0.0

    def forget(self, *names: str) -> None:
        """A success: these start afresh."""
        for name in names:
            self._buckets.pop(name, None)

    def _level(self, name: str, now: float) -> float:
        level, at = self._buckets.get(name, (self._burst, now))
        return min(self._burst, level + (now - at) / self._refill_seconds)

    def _put(self, name: str, level: float, now: float) -> None:
        self._buckets[name] = (level, now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)

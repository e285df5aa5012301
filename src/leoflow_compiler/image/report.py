"""What a build and a push have to tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Report:
    """What took how long, in seconds, and what was sent, in bytes."""

    seconds: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    notes: list[str] = field(default_factory=list)
    on_step: Callable[[str], None] = lambda _step: None  # told when one begins

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        begin = time.perf_counter()
        self.on_step(step)
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - begin

    def note(self, text: str) -> None:
        """Something that people should know; once."""
        if text not in self.notes:
            self.notes.append(text)

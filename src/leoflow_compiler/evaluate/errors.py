"""How evaluation ends early.

Interruption
├── Refusal     a problem to report; the statement has no value
│   └── StructureUnknown   whether or how the graph changes depends on something opaque
├── Cascade     the statement uses what an earlier problem left without a value: nothing more to say
└── Raised      the project's own code raises an exception here
Touched         an operation needed the value of something opaque (caught where it happens)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from leoflow_compiler.diagnostics import Code
    from leoflow_compiler.evaluate.values import Opaque, Place


class Interruption(Exception):
    """Base of everything that ends the evaluation of a statement."""


class Refusal(Interruption):
    """A problem of the project. Carries what a diagnostic needs; the place becomes a span at the end."""

    def __init__(
        self,
        code: Code,
        message: str,
        place: Place | None,
        *,
        notes: tuple[tuple[str, Place | None], ...] = (),
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place
        self.notes = notes
        self.help = help


class StructureUnknown(Refusal):
    """It cannot be known whether the graph changes here."""


class Cascade(Interruption):
    """Uses a value that an earlier problem made unavailable."""


class Raised(Interruption):
    """The project's code raises `value` at `place`. `advice` is asked for help when nothing catches it."""

    def __init__(
        self, value: BaseException, place: Place, *, advice: Callable[[], str | None] | None = None
    ) -> None:
        super().__init__(f"{type(value).__name__}: {value}")
        self.value = value
        self.place = place
        self.advice = advice


class Touched(Exception):
    """A native operation needed the value of `opaque`."""

    def __init__(self, opaque: Opaque) -> None:
        super().__init__(opaque.why)
        self.opaque = opaque

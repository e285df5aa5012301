"""The standard library: pure parts as they are, clocks and chance as opaque values.

One module for each part of it. `models.pure` takes what has no effect outside of its values; whatever is not
registered is opaque when it is called, which is right for all that depends on where and when the code runs.
"""

from __future__ import annotations

from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.models.standard import (
    collecting,
    configuration,
    dates,
    defining,
    folders,
    functions,
    iteration,
    managers,
    numbers,
    serialized,
    text,
)

PARTS = (
    text,
    numbers,
    dates,
    collecting,
    iteration,
    functions,
    defining,
    managers,
    serialized,
    configuration,
    folders,
)


def register(models: Models) -> None:
    for part in PARTS:
        part.register(models)
    for name in ("warnings.warn", "warnings.filterwarnings", "warnings.simplefilter"):
        models.calls[name] = lambda call: None
    models.calls["logging.getLogger"] = lambda call: call.interpreter.opaque(
        "a logger has no value at compile time", call.place
    )

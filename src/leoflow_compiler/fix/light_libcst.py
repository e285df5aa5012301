"""Loads libcst in half its time. `fix.rewriting` does so before it names it.

libcst makes some 180 node classes as frozen dataclasses, and spends most of its import on compiling methods
of theirs that nobody here calls: a `repr`, and the setters that refuse. Their constructors also pay for being
frozen and for checking what the parser has just made, with every node of a file. Here they are plain
dataclasses, and compared by identity as before; nothing writes to a node. Where libcst is loaded already, it
stays as it is.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def load() -> None:
    """Imports libcst; the standard library's `dataclass` is itself again when this returns."""
    if "libcst" in sys.modules:
        return
    real: Callable[..., Any] = dataclasses.dataclass

    def plain(cls: type | None = None, /, **options: Any) -> Any:
        if cls is None:
            return lambda decorated: plain(decorated, **options)
        if cls.__module__.startswith("libcst._nodes."):
            options.update(frozen=False, repr=False, eq=False)
            if "__post_init__" in vars(cls):  # the root of all nodes: its check of their fields
                del cls.__post_init__  # type: ignore[attr-defined]
        return real(cls, **options)

    dataclasses.dataclass = plain
    try:
        import_module("libcst")
    finally:
        dataclasses.dataclass = real


load()

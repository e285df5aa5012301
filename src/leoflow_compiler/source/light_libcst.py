"""Loads libcst in half its time. `leoflow_compiler.source` and `evaluate` do so before anything names it.

libcst makes some 180 node classes as frozen dataclasses, and spends most of its import on compiling methods
of theirs that nobody here calls: a `repr`, and the setters that refuse. Their constructors also pay for being
frozen with every node of a file. Here they are plain dataclasses, and compared by identity as before; nothing
writes to a node. Where libcst is loaded already, it stays as it is.
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
        return real(cls, **options)

    dataclasses.dataclass = plain
    try:
        import_module("libcst")
    finally:
        dataclasses.dataclass = real


load()

import libcst  # noqa: E402


def parse_module(text: str) -> libcst.Module:
    """`libcst.parse_module`, without checking node by node what the parser has just made."""
    from libcst._nodes.base import CSTNode

    checked = CSTNode.__post_init__
    CSTNode.__post_init__ = lambda _node: None  # type: ignore[method-assign, assignment]
    try:
        return libcst.parse_module(text)
    finally:
        CSTNode.__post_init__ = checked  # type: ignore[method-assign]

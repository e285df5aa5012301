"""Finding the rest of a package that several distributions share; `pkgutil` costs 10 ms to import."""

from __future__ import annotations

import os
import sys


def extended(path: list[str], name: str) -> list[str]:
    """`path` and every other folder of the package `name` below the places its parent is looked for in."""
    parent, _, last = name.rpartition(".")
    places = sys.modules[parent].__path__ if parent else sys.path
    found = list(path)
    for place in places:
        candidate = os.path.join(place, last)
        if candidate not in found and os.path.isdir(candidate):
            found.append(candidate)
    return found

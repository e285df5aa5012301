"""Where `schemas/` and `templates/` are, in a wheel and in a checkout alike."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

# By path: `importlib.resources` takes longer to import than a compile that the cache answers may take.
_PACKAGED = Path(__file__).resolve().parents[1] / "_resources"


def resource(path: str) -> Path:
    """The published file at `path`, such as `schemas/dag.schema.json`.

    Raises FileNotFoundError when this installation lacks it.
    """
    packaged = _PACKAGED / path
    if packaged.exists():
        return packaged
    checkout = Path(__file__).resolve().parents[3] / path
    if checkout.exists():
        return checkout
    raise FileNotFoundError(f"{path} is missing from this installation of Leoflow")


@cache
def schema(name: str) -> dict[str, Any]:
    """The JSON Schema `schemas/<name>.schema.json`."""
    loaded: dict[str, Any] = json.loads(resource(f"schemas/{name}.schema.json").read_text("utf-8"))
    return loaded

"""Where `schemas/` and `templates/` are, in a wheel and in a checkout alike."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any


def resource(path: str) -> Traversable:
    """The published file at `path`, such as `schemas/dag.schema.json`.

    Raises FileNotFoundError when this installation lacks it.
    """
    packaged = resources.files("leoflow_runtime").joinpath("_resources", *path.split("/"))
    if packaged.is_file() or packaged.is_dir():
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

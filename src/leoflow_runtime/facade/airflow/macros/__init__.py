"""`macros` in templates."""

from __future__ import annotations

import json
import random
import time
import uuid
from datetime import datetime, timedelta

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

__all__ = ["datetime", "ds_add", "ds_format", "json", "random", "time", "timedelta", "uuid"]


def ds_add(ds: str, days: int) -> str:
    """A `YYYY-MM-DD` date, that many days later."""
    return (datetime.strptime(ds, "%Y-%m-%d") + timedelta(days)).strftime("%Y-%m-%d") if days else ds


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A date text in another format."""
    return datetime.strptime(ds, input_format).strftime(output_format)


def __getattr__(name: str) -> Any:
    if name in ("dateutil", "yaml"):
        from importlib import import_module

        return import_module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

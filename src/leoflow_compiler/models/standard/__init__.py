"""The standard library: pure parts as they are, clocks and chance as opaque values.

One module for each part of it. `models.pure` takes what has no effect outside of its values; whatever is not
registered is opaque when it is called, which is right for all that depends on where and when the code runs.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import functools
import itertools
import json
import math
import os
import posixpath
import string
import time
import typing
from types import ModuleType

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


# Whose `import *` is understood: the names that the compiler's own Python has there.
_STARRED: dict[str, ModuleType] = {
    "typing": typing,
    "datetime": datetime,
    "math": math,
    "itertools": itertools,
    "functools": functools,
    "collections": collections,
    "dataclasses": dataclasses,
    "enum": enum,
    "json": json,
    "os": os,
    "os.path": posixpath,
    "time": time,
    "string": string,
}


def register(models: Models) -> None:
    for part in PARTS:
        part.register(models)
    for name, module in _STARRED.items():
        public = [one for one in vars(module) if not one.startswith("_")]
        models.starred[name] = tuple(getattr(module, "__all__", public))
    for name in ("warnings.warn", "warnings.filterwarnings", "warnings.simplefilter"):
        models.calls[name] = lambda call: None
    models.calls["logging.getLogger"] = lambda call: call.interpreter.opaque(
        "a logger has no value at compile time", call.place
    )

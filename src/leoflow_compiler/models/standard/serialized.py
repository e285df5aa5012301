"""Data in files of the project: json, csv, tomllib, io, and PyYAML."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from typing import Any

from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Value


def register(models: Models) -> None:
    models.pure("json", json.dumps, json.loads, json.load, json.JSONDecodeError)
    models.pure("tomllib", tomllib.load, tomllib.loads)
    models.pure("csv", csv.DictReader, csv.reader)
    models.pure_types.add(type(csv.reader(())))
    models.constants("csv", {k: v for k, v in vars(csv).items() if k.startswith("QUOTE_")})
    models.pure("io", io.StringIO, io.BytesIO, io.TextIOWrapper)
    for name in ("safe_load", "load", "full_load"):
        models.calls[f"yaml.{name}"] = lambda call: _yaml(call, every=False)
    for name in ("safe_load_all", "load_all", "full_load_all"):
        models.calls[f"yaml.{name}"] = lambda call: _yaml(call, every=True)


def _yaml(call: Call, *, every: bool) -> Value:
    """Of text or an open file of the project, by PyYAML's safe loader."""
    import yaml

    def documents(stream: Any) -> Any:
        return iter(list(yaml.safe_load_all(stream)))

    source = call.args[0] if call.args else call.kwargs.get("stream")
    return call.interpreter.native(call.place, documents if every else yaml.safe_load, source)

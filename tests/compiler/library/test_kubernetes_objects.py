"""The table of classes is that of the package `kubernetes`; `LEOFLOW_UPDATE_CASES=1` writes it anew."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest

from leoflow_compiler.models.kubernetes_objects import TABLE

models: Any = pytest.importorskip("kubernetes.client.models")


def table() -> dict[str, dict[str, str]]:
    """All classes that a `V1Pod` is made of, but for its status."""
    found: dict[str, dict[str, str]] = {}
    pending = ["V1Pod"]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        kind = getattr(models, name)
        found[name] = {
            attribute: text(kind, attribute, type_)
            for attribute, type_ in kind.openapi_types.items()
            if (name, attribute) != ("V1Pod", "status")
        }
        pending += [
            part
            for line in found[name].values()
            for part in re.findall(r"\w+", line)
            if hasattr(models, part)
        ]
    return dict(sorted(found.items()))


def text(kind: Any, attribute: str, type_: str) -> str:
    fields = kind.model_fields  # `_exec`, a word of Python once, is `var_exec` there
    field = fields[attribute if attribute in fields else f"var{attribute}"]
    needed = " needed" if field.is_required() else ""
    short = type_.replace("Dict[str, str]", "Dict").replace("List[", "List:").removesuffix("]")
    return f"{kind.attribute_map[attribute]} {short}{needed}"


def test_the_table_is_that_of_the_package() -> None:
    found = table()
    if os.environ.get("LEOFLOW_UPDATE_CASES"):
        lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(line)}" for name, line in found.items())
        TABLE.write_text(f"{{\n{lines}\n}}\n")
    assert json.loads(TABLE.read_text()) == found

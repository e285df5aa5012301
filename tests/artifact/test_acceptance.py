"""The fast check of documents against jsonschema: it accepts what is valid, and nothing else."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from leoflow_runtime.artifact.acceptance import UnknownKeyword, acceptance
from leoflow_runtime.artifact.resources import schema

CASES = sorted((Path(__file__).parents[1] / "compiler" / "cases").glob("*/dag.json"))
OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    3.0,
    2.5,
    "",
    "a b",
    "x",
    [],
    ["a", "a"],
    [1],
    {},
    {"x": 1},
    {"task_id": "t"},
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    for key in (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from places(value[key])


def mutated(document: Any, dice: random.Random) -> Any:
    changed = copy.deepcopy(document)
    changed.pop("source", None)
    container, key = dice.choice(list(places(changed)))
    if isinstance(container, dict) and dice.random() < 0.3:
        if dice.random() < 0.5:
            del container[key]
        else:
            container["surprise"] = dice.choice(OTHERS)
    else:
        container[key] = dice.choice(OTHERS)
    return changed


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.parent.name)
def test_it_agrees_with_jsonschema(case: Path) -> None:
    accepts = acceptance(schema("dag"))
    validator = Draft202012Validator(schema("dag"), format_checker=Draft202012Validator.FORMAT_CHECKER)
    document = json.loads(case.read_text("utf-8"))
    assert accepts(document) == validator.is_valid(document)
    dice = random.Random(case.parent.name)
    for _ in range(60):
        changed = mutated(document, dice)
        if accepts(changed):
            assert validator.is_valid(changed), changed


@pytest.mark.parametrize("name", ["dag", "leoflow-yaml"])
def test_it_knows_every_keyword_of_our_schemas(name: str) -> None:
    acceptance(schema(name))


@pytest.mark.parametrize("rule", [{"not": {"type": "string"}}, {"oneOf": [{"format": "date-time"}]}])
def test_it_refuses_what_it_cannot_decide(rule: dict[str, Any]) -> None:
    with pytest.raises(UnknownKeyword):
        acceptance(rule)

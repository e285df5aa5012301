"""Airflow's own OpenAPI documents as the judge of our answers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from leoflow_server.ui_assets import SetupFailed, fetch
from leoflow_server.ui_assets.layout import SPEC_FOLDER

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = ("v2-rest-api-generated.yaml", "_private_ui.yaml")


@cache
def ui_dir() -> Path:
    """The UI and the documents, fetched once into the ignored cache of the checkout."""
    return Path(os.environ.get("LEOFLOW_TEST_UI_DIR") or REPOSITORY / ".cache" / "ui")


@cache
def installed_ui() -> Path:
    try:
        return fetch(ui_dir())
    except SetupFailed as error:
        pytest.fail(f"these tests need Airflow's wheel once: {error}")


@cache
def documents() -> list[dict[str, Any]]:
    folder = installed_ui() / SPEC_FOLDER
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded = [yaml.load((folder / name).read_text("utf-8"), loader) for name in DOCUMENTS]
    # A task instance fits both of these, so that nothing at all would be "one of" them.
    items = loaded[0]["components"]["schemas"]["ClearTaskInstanceCollectionResponse"]["properties"]
    items["task_instances"]["items"]["anyOf"] = items["task_instances"]["items"].pop("oneOf")
    return loaded


@cache
def operations() -> dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]:
    """(METHOD, path template) to (operation, its document)."""
    found = {}
    for document in documents():
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    found[(method.upper(), path)] = (operation, document)
    return found


def find(method: str, path: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The template that a concrete path matches best: fixed parts first."""
    plain = path.partition("?")[0]
    candidates = []
    for (one, template), (operation, document) in operations().items():
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
        if one == method and re.fullmatch(pattern, plain):
            candidates.append((template.count("{"), template, operation, document))
    assert candidates, f"{method} {plain} is no operation of Airflow"
    _, template, operation, document = min(candidates, key=lambda one: one[:2])
    return template, operation, document


def problems(method: str, path: str, status: int, body: Any) -> Iterator[str]:
    """What Airflow's document has against this answer."""
    _, operation, document = find(method, path)
    reply = operation["responses"].get(str(status))
    if reply is None:
        yield f"{method} {path}: {status} is not documented"
        return
    schema = reply.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return
    whole = {**schema, "components": document["components"]}
    validator = jsonschema.Draft202012Validator(
        whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for error in validator.iter_errors(body):
        best = jsonschema.exceptions.best_match([error])
        yield f"{method} {path} {best.json_path}: {best.message[:300]}"

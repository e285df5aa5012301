"""Which connections and variables the source names: only these are delivered to its tasks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

_TEMPLATE_VARIABLE = re.compile(r"\bvar\.(?:value|json)\.([A-Za-z_][A-Za-z0-9_]*)")
_TEMPLATE_VARIABLE_GET = re.compile(r"\bvar\.(?:value|json)\.get\(\s*['\"]([^'\"]+)['\"]")
_TEMPLATE_CONNECTION = re.compile(r"\bconn\.([A-Za-z_][A-Za-z0-9_]*)")
_TEMPLATE_CONNECTION_GET = re.compile(r"\bconn\.get\(\s*['\"]([^'\"]+)['\"]")
_ENVIRONMENT = re.compile(r"AIRFLOW_(CONN|VAR)_([A-Za-z0-9_]+)")
_CONNECTION_CALLS = frozenset({"get_connection", "get_hook", "get_connection_from_secrets"})

Named = tuple[str, str]  # "connections" or "variables", and the name


def names_in(texts: Iterable[str]) -> set[Named]:
    """Every name found in the given Python files, task bodies included."""
    found: set[Named] = set()
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                found.update(_in_call(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(names_in_text(node.value))
    return found


def _in_call(node: ast.Call) -> Iterator[Named]:
    for keyword in node.keywords:
        name = keyword.arg or ""
        text = _text(keyword.value)
        if text and (name == "conn_id" or name.endswith("_conn_id")):
            yield "connections", text
    if not isinstance(node.func, ast.Attribute):
        return
    first = _text(node.args[0]) if node.args else _keyword(node, ("key", "conn_id"))
    if not first:
        return
    owner = node.func.value
    owner_name = (
        owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    )
    if owner_name == "Variable" and node.func.attr == "get":
        yield "variables", first
    elif (owner_name == "Connection" and node.func.attr == "get") or node.func.attr in _CONNECTION_CALLS:
        yield "connections", first


def _keyword(node: ast.Call, names: tuple[str, ...]) -> str | None:
    return next((_text(keyword.value) for keyword in node.keywords if keyword.arg in names), None)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def names_in_text(text: str) -> Iterator[Named]:
    """Names inside one string: templates, and environment variables of Airflow's."""
    if "AIRFLOW_" in text:
        for kind, name in _ENVIRONMENT.findall(text):
            yield ("connections" if kind == "CONN" else "variables"), name.lower()
    if "{{" not in text and "{%" not in text:
        return
    for pattern in (_TEMPLATE_VARIABLE, _TEMPLATE_VARIABLE_GET):
        for name in pattern.findall(text):
            if name != "get":
                yield "variables", name
    for pattern in (_TEMPLATE_CONNECTION, _TEMPLATE_CONNECTION_GET):
        for name in pattern.findall(text):
            if name != "get":
                yield "connections", name

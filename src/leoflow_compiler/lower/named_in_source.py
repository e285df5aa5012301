"""Connections and variables that source text names, in functions too, which are never evaluated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from leoflow_compiler.models.default_connections import default_connection, is_connection_argument
from leoflow_runtime.light import dataclass

_TEMPLATE_VARIABLE = re.compile(r"\bvar\.(?:value|json)\.([A-Za-z_][A-Za-z0-9_]*)")
_TEMPLATE_VARIABLE_GET = re.compile(r"\bvar\.(?:value|json)\.get\(\s*['\"]([^'\"]+)['\"]")
_TEMPLATE_CONNECTION = re.compile(r"\bconn\.([A-Za-z_][A-Za-z0-9_]*)")
_TEMPLATE_CONNECTION_GET = re.compile(r"\bconn\.get\(\s*['\"]([^'\"]+)['\"]")
_ENVIRONMENT = re.compile(r"AIRFLOW_(CONN|VAR)_([A-Za-z0-9_]+)")
_CONNECTION_CALLS = frozenset({"get_connection", "get_hook", "get_connection_from_secrets"})
# A file without any of these names nothing.
_WORTH_A_LOOK = re.compile(r"[Cc]onn|var\.|Variable|AIRFLOW_|Hook")

Named = tuple[str, str]  # "connections" or "variables", and the name


@dataclass(kw_only=True)
class SourceNames:
    """What one file names, and what it imports, inside functions too."""

    named: set[Named] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)  # dotted, relative ones with their dots


def names_in_source(text: str, nodes: Iterable[ast.AST], values: Mapping[str, Any]) -> SourceNames:
    """Reads a file's syntax, node by node; `values` are its global names as far as they are known."""
    found = SourceNames()
    if not _WORTH_A_LOOK.search(text) and "import" not in text:
        return found
    paths: dict[str, str] = {}
    calls: list[ast.Call] = []
    for node in nodes:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                found.named.update(names_in_text(node.value))
        elif isinstance(node, ast.Call):
            calls.append(node)
        elif isinstance(node, ast.arguments):
            found.named.update(_in_defaults(node))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            _note_import(node, found.imports, paths)
    for call in calls:
        found.named.update(_in_call(call, paths, values))
    return found


def _note_import(node: ast.Import | ast.ImportFrom, imports: set[str], paths: dict[str, str]) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            imports.add(alias.name)
            top = alias.name.partition(".")[0]
            paths[alias.asname or top] = alias.name if alias.asname else top
        return
    module = "." * node.level + (node.module or "")
    imports.add(module)
    for alias in node.names:
        path = f"{module}{'' if module.endswith('.') else '.'}{alias.name}"
        imports.add(path)
        paths[alias.asname or alias.name] = path


def _in_defaults(arguments: ast.arguments) -> Iterator[Named]:
    """`def load(pg_conn_id="pg")`: what the function uses when nobody says otherwise."""
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = [
        *zip(positional[::-1], arguments.defaults[::-1], strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None and is_connection_argument(argument.arg):
            text = _text(default, {})
            if text:
                yield "connections", text


def _in_call(node: ast.Call, paths: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[Named]:
    given = [keyword.arg or "" for keyword in node.keywords]
    for keyword in node.keywords:
        if is_connection_argument(keyword.arg or ""):
            text = _text(keyword.value, values)
            if text:
                yield "connections", text
    path = _path(node.func, paths)
    name = path.rpartition(".")[2]
    if name.endswith("Hook") and name[:1].isupper():
        first = _text(node.args[0], values) if node.args else None
        default = None if node.args or "" in given else default_connection(path, given)
        if first or default:
            yield "connections", first or default or ""
    first = _first(node, values)
    if not first or not isinstance(node.func, ast.Attribute):
        return
    owner = path.rpartition(".")[0].rpartition(".")[2]
    if owner == "Variable" and name == "get":
        yield "variables", first
    elif (owner == "Connection" and name == "get") or name in _CONNECTION_CALLS:
        yield "connections", first


def _path(node: ast.expr, paths: Mapping[str, str]) -> str:
    """The dotted name of what is called, imported names resolved."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(paths.get(node.id, node.id))
    return ".".join(reversed(parts))


def _first(node: ast.Call, values: Mapping[str, Any]) -> str | None:
    if node.args:
        return _text(node.args[0], values)
    keywords = (keyword.value for keyword in node.keywords if keyword.arg in ("key", "conn_id"))
    return next((_text(value, values) for value in keywords), None)


def _text(node: ast.expr, values: Mapping[str, Any]) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name):
        value = values.get(node.id)
    return str.__str__(value) if isinstance(value, str) and value and "{" not in value else None


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

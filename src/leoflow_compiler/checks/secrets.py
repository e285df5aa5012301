"""Secrets that stand in the source: they would be part of `dag.json`, of the image, and of every backup."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from leoflow_compiler.diagnostics import Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue.checks import SECRET_IN_SOURCE
from leoflow_compiler.evaluate.interpreter import Interpreter

# Formats that their issuers publish: nothing else looks like them.
_FORMATS = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}\b"),
    "a Slack token": re.compile(r"\bxox[abposr]-[0-9A-Za-z-]{20,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
}
_MARKS = re.compile("AKIA|ASIA|PRIVATE KEY|gh[pousr]_|glpat-|xox|AIza|://")  # each of them has one
# scheme://user:password@host, where the password is neither a template nor a placeholder.
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@{}$%<>]+:([^\s:/@{}$%<>*]+)@[\w.-]+")
_PLACEHOLDERS = frozenset(
    {"password", "pass", "pwd", "passwd", "secret", "changeme", "example", "xxx", "xxxx"}
)


def secrets_in_source(interpreter: Interpreter) -> Iterator[Diagnostic]:
    """One warning for each text that holds one. The secret itself is not repeated."""
    for path, source in interpreter.sources.items():
        for node in source.syntax.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 12:
                kind = _kind(node.value)
                if kind is not None:
                    yield Diagnostic(
                        code=SECRET_IN_SOURCE,
                        message=f"this text holds {kind}",
                        span=Span(file=path, line=node.lineno, column=node.col_offset + 1),
                        help="keep it in a connection or variable, and read it where the task runs",
                    )


def _kind(text: str) -> str | None:
    if not _MARKS.search(text):
        return None
    for kind, pattern in _FORMATS.items():
        if pattern.search(text):
            return kind
    url = _URL.search(text)
    if (
        url is not None
        and url[1].lower() not in _PLACEHOLDERS
        and url[1] != url[0].split("://")[1].split(":")[0]
    ):
        return "a URL with a password"
    return None

"""A small check that a dependency is a PEP 508 requirement."""

from __future__ import annotations

import re

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = rf"\[\s*(?:{_NAME}(?:\s*,\s*{_NAME})*)?\s*\]"
_VERSION = r"(?:===\s*[^\s,;)]+|(?:==|!=)\s*[A-Za-z0-9_.+!-]+(?:\.\*)?|(?:~=|<=|>=|<|>)\s*[A-Za-z0-9_.+!-]+)"
_BOUNDS = rf"(?:{_VERSION}(?:\s*,\s*{_VERSION})*\s*,?|\(\s*{_VERSION}(?:\s*,\s*{_VERSION})*\s*\))"
_REQUIREMENT = re.compile(
    rf"\s*(?P<name>{_NAME})\s*(?:{_EXTRAS})?\s*"
    rf"(?:@\s*(?P<url>[A-Za-z][A-Za-z0-9+.-]*:\S+)(?P<gap>\s+)?|{_BOUNDS})?\s*(?:;\s*(?P<marker>.+?))?\s*",
    re.DOTALL,
)
_MARKER_TOKEN = re.compile(
    r"\s*(?:(?P<string>'[^']*'|\"[^\"]*\")|(?P<op>===|==|!=|~=|<=|>=|<|>|not\s+in\b|in\b)|(?P<join>and\b|or\b)"
    r"|(?P<open>\()|(?P<close>\))|(?P<variable>[a-z_]+))"
)
_VARIABLES = frozenset(
    [
        "python_version",
        "python_full_version",
        "os_name",
        "sys_platform",
        "platform_release",
        "platform_system",
        "platform_version",
        "platform_machine",
        "platform_python_implementation",
        "implementation_name",
        "implementation_version",
        "extra",
    ]
)


def requirement_problem(text: str) -> str | None:
    """Why `text` is not one PEP 508 requirement, in a few words; None when it is one."""
    if not text.strip():
        return "it is empty"
    if text.lstrip().startswith("-"):
        return "options of pip do not belong here"
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        if "#" in text:
            return "a comment does not belong inside a requirement"
        if (swapped := re.search(r"=([<>~])", text)) is not None:
            return f"the operator is written `{swapped[1]}=`"
        if re.match(rf"\s*{_NAME}\s*=[^=]", text):
            return "a version is pinned with `==`"
        if text.lstrip().startswith((".", "/")):
            return "a path; use `name @ file:///…` or a published package"
        return "expected a name, optional [extras], version bounds or `@ URL`, and an optional `; marker`"
    marker = match["marker"]
    if marker is not None and not _is_marker(marker):
        return f"the environment marker `{marker.strip()}` cannot be read"
    return None


def _is_marker(text: str) -> bool:
    """Operand operator operand, joined by `and`/`or`, in balanced parentheses."""
    position, depth, want = 0, 0, "left"
    while position < len(text.rstrip()):
        token = _MARKER_TOKEN.match(text, position)
        if token is None:
            return False
        position = token.end()
        kind = token.lastgroup
        operand = kind == "string" or (kind == "variable" and token["variable"] in _VARIABLES)
        if want == "left" and kind == "open":
            depth += 1
        elif want == "left" and operand:
            want = "operator"
        elif want == "operator" and kind == "op":
            want = "right"
        elif want == "right" and operand:
            want = "join"
        elif want == "join" and kind == "close" and depth:
            depth -= 1
        elif want == "join" and kind == "join":
            want = "left"
        else:
            return False
    return want == "join" and depth == 0

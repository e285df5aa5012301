"""What secrets look like: formats that their issuers publish, and URLs with a password."""

from __future__ import annotations

import re

# Nothing else looks like them.
_FORMATS = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}\b"),
    "a Slack token": re.compile(r"\bxox[abposr]-[0-9A-Za-z-]{20,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a PyPI token": re.compile(r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    "an npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "a Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    "an Azure storage key": re.compile(r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
}
# Each of them has one. For those who look through much text.
MARKS = "AKIA|ASIA|PRIVATE KEY|gh[pousr]_|github_pat_|glpat-|xox|AIza|pypi-AgE|npm_|k_live_|AccountKey=|://"
_MARKS = re.compile(MARKS)
# scheme://user:password@host, where the password is neither a template nor a placeholder.
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@{}$%<>]*:([^\s:/@{}$%<>*]+)@[\w.-]+")
_PLACEHOLDERS = frozenset(
    {"password", "pass", "pwd", "passwd", "secret", "changeme", "example", "xxx", "xxxx"}
)


def kind_of_secret(text: str) -> str | None:
    """Which kind of secret a text holds, with its article; None: none that is known."""
    if not _MARKS.search(text):
        return None
    for kind, pattern in _FORMATS.items():
        if pattern.search(text):
            return kind
    return "a URL with a password" if any(map(_has_password, _URL.finditer(text))) else None


def _has_password(url: re.Match[str]) -> bool:
    user = url[0].split("://")[1].split(":")[0]
    return url[1].lower() not in _PLACEHOLDERS and url[1] != user

"""Answers of a registry that are no success, as sentences."""

from __future__ import annotations

import re
from typing import Any

import httpx

from leoflow_runtime.oci.errors import (
    NotFound,
    Refused,
    RegistryError,
    Unauthorized,
    Unavailable,
    Unreachable,
)


def failure(response: httpx.Response, host: str, what: str, *, has_login: bool) -> RegistryError:
    """What an answer means for `what`, which was asked for."""
    status = response.status_code
    try:
        response.read()
    except httpx.TransportError:
        return Unavailable(f"{host} answers {what} with status {status}", status=status)
    detail = _detail(response)
    if status == 401:
        return unauthorized(host, has_login=has_login)
    if status == 403:
        return Unauthorized(f"this login may not do that with {what} on {host}{detail}")
    if status == 404:
        return NotFound(f"{host} has no {what}{detail}")
    if status == 429:
        return Unavailable(f"{host} has had too many requests; try again later", status=status)
    kind = Unavailable if status >= 500 else Refused
    return kind(f"{host} refuses {what} with status {status}{detail}", status=status)


def unauthorized(host: str, *, has_login: bool) -> Unauthorized:
    if has_login:
        return Unauthorized(f"{host} does not accept the login that there is for it")
    return Unauthorized(
        f"{host} wants a login, and there is none for it",
        hint="`docker login` keeps one; LEOFLOW_REGISTRY_USERNAME and _PASSWORD name one",
    )


def unreachable(host: str, error: Exception) -> Unreachable:
    reason = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
    return Unreachable(f"the registry {host} cannot be reached: {reason}")


def object_in(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty where it holds none."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _detail(response: httpx.Response) -> str:
    """The registry's own words (distribution specification, "Error Codes")."""
    errors = object_in(response).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    text = first.get("message") if isinstance(first, dict) else None
    return f": {text[:200]}" if isinstance(text, str) and text else ""

"""Which values are masked in a task's log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

# Airflow's list of names whose values are hidden.
_SENSITIVE = (
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "secret",
    "service_account",
    "token",
)


def is_sensitive(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in _SENSITIVE)


def secrets_of_variable(key: str, value: str) -> Iterator[str]:
    """The value itself where the key says so, and sensitive fields of a JSON value."""
    if is_sensitive(key):
        yield value
    yield from _within(_json(value))


def secrets_of_connection(password: str | None, extra: str | None) -> Iterator[str]:
    if password:
        yield password
    yield from _within(_json(extra))


def _json(text: str | None) -> Any:
    if not text or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if is_sensitive(str(name)) and isinstance(item, str) and item:
                yield item
            else:
                yield from _within(item)
    elif isinstance(value, list):
        for item in value:
            yield from _within(item)

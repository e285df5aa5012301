"""What is not shown: values of keys that look secret, at any depth."""

from __future__ import annotations

import json
from typing import Any

MASK = "***"
_SENSITIVE = (
    "access_key", "access_token", "accesskey", "api_key", "apikey", "authorization", "keyfile_dict",
    "passphrase", "passwd", "password", "private_key", "secret", "service_account", "token",
)  # fmt: skip


def is_sensitive(name: str) -> bool:
    """Whether the value under this name is masked, as Airflow decides it."""
    lowered = name.strip().lower()
    return any(word in lowered for word in _SENSITIVE)


def masked_text(name: str, text: str) -> str:
    """`text` as it may be shown under `name`; JSON objects keep their shape."""
    if is_sensitive(name):
        return MASK
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, dict | list):
        return text
    hidden = _masked(value)
    return text if hidden == value else json.dumps(hidden)


def unmasked_text(new: str, old: str | None) -> str:
    """`new` with every mask replaced by what `old` has there: an edited form never wipes a secret."""
    if old is None:
        return new
    if new == MASK:
        return old
    if MASK not in new:
        return new
    try:
        return json.dumps(_restored(json.loads(new), json.loads(old)))
    except ValueError:
        return new


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: MASK if is_sensitive(key) and item else _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return value


def _restored(new: Any, old: Any) -> Any:
    if new == MASK:
        return old
    if isinstance(new, dict):
        known = old if isinstance(old, dict) else {}
        return {key: _restored(item, known.get(key)) for key, item in new.items()}
    if isinstance(new, list):
        known_items = old if isinstance(old, list) and len(old) == len(new) else [None] * len(new)
        return [_restored(item, was) for item, was in zip(new, known_items, strict=True)]
    return new

"""The secrets that agents identify themselves by; the record keeps their hashes only."""

from __future__ import annotations

import hashlib
import secrets


def new_session() -> str:
    return secrets.token_urlsafe(32)


def stored(secret: str) -> str:
    """What the database keeps of a session or host token: both are random, so a plain hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()

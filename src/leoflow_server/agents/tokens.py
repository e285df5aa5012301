"""Launch tokens, which need no table, and the secrets that are stored as hashes only."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchToken:
    """`<launch>.<generation>.<signature>`: void once the launch's generation has risen."""

    launch_id: int
    generation: int


def mint(secret: bytes, launch_id: int, generation: int) -> str:
    return f"{launch_id}.{generation}.{_signature(secret, launch_id, generation)}"


def read(secret: bytes, text: str) -> LaunchToken | None:
    """None unless it is one of ours."""
    launch, _, rest = text.partition(".")
    generation, _, signature = rest.partition(".")
    if not (launch.isdecimal() and generation.isdecimal() and launch.isascii() and generation.isascii()):
        return None
    if len(launch) > 18 or len(generation) > 9:
        return None
    expected = _signature(secret, int(launch), int(generation))
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        return None
    return LaunchToken(launch_id=int(launch), generation=int(generation))


def _signature(secret: bytes, launch_id: int, generation: int) -> str:
    return hmac.new(secret, f"{launch_id}.{generation}".encode(), hashlib.sha256).hexdigest()

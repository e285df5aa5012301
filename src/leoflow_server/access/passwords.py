"""Passwords, as argon2id hashes. Hashing takes tens of milliseconds of CPU: callers await it in a thread."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
# Checked where no such user exists, so that the answer takes as long.
_NOBODY = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The argon2id hash of `password`, salt and settings included."""
    return _HASHER.hash(password)


def password_matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one that `stored` was made of; takes equally long where there is none."""
    try:
        return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether `stored` was made with other settings than today's."""
    return _HASHER.check_needs_rehash(stored)


async def hash_in_thread(password: str) -> str:
    return await asyncio.to_thread(hash_password, password)


async def matches_in_thread(password: str, stored: str | None) -> bool:
    return await asyncio.to_thread(password_matches, password, stored)

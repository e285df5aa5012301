"""Passwords are kept as argon2id hashes."""

from __future__ import annotations

from leoflow_server.access.passwords import hash_password, needs_rehash, password_matches


def test_only_the_right_password_matches() -> None:
    stored = hash_password("correct horse")
    assert stored.startswith("$argon2id$")
    assert "correct" not in stored
    assert password_matches("correct horse", stored)
    assert not password_matches("wrong horse", stored)
    assert not needs_rehash(stored)


def test_nobody_has_a_password() -> None:
    assert not password_matches("nobody has this password", None)
    assert not password_matches("anything", "not a hash")

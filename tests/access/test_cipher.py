"""What is sealed opens for its place, under its key, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoflow_server.access import CannotDecrypt, Cipher

OLD, NEW = Cipher.generate_key(), Cipher.generate_key()
PLACE = {"tenant_id": 1, "table": "variables", "identity": "city"}


@given(st.text())
def test_what_goes_in_comes_out(text: str) -> None:
    cipher = Cipher.from_text(OLD)
    assert cipher.decrypt(cipher.encrypt(text, **PLACE), **PLACE) == text


def test_the_same_text_never_looks_the_same() -> None:
    cipher = Cipher.from_text(OLD)
    assert cipher.encrypt("Oslo", **PLACE) != cipher.encrypt("Oslo", **PLACE)


@pytest.mark.parametrize(
    "other", [{"tenant_id": 2}, {"table": "connections.password"}, {"identity": "town"}], ids=str
)
def test_a_value_moved_elsewhere_does_not_open(other: dict[str, object]) -> None:
    cipher = Cipher.from_text(OLD)
    with pytest.raises(CannotDecrypt):
        cipher.decrypt(cipher.encrypt("Oslo", **PLACE), **{**PLACE, **other})  # type: ignore[arg-type]


def test_places_that_read_alike_are_different_places() -> None:
    cipher = Cipher.from_text(OLD)
    sealed = cipher.encrypt("x", tenant_id=1, table="a/b", identity="c")
    with pytest.raises(CannotDecrypt):
        cipher.decrypt(sealed, tenant_id=1, table="a", identity="b/c")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_value_does_not_open(at: int, flip: int) -> None:
    cipher = Cipher.from_text(OLD)
    sealed = bytearray(cipher.encrypt("Oslo", **PLACE))
    sealed[at % len(sealed)] ^= flip
    with pytest.raises(CannotDecrypt):
        cipher.decrypt(bytes(sealed), **PLACE)


def test_keys_rotate() -> None:
    before = Cipher.from_text(OLD)
    sealed = before.encrypt("Oslo", **PLACE)
    during = Cipher.from_text(f"{NEW},{OLD}")
    assert during.decrypt(sealed, **PLACE) == "Oslo"
    assert not during.is_current(sealed)
    again = during.encrypt("Oslo", **PLACE)
    assert during.is_current(again)
    after = Cipher.from_text(NEW)
    assert after.decrypt(again, **PLACE) == "Oslo"
    with pytest.raises(CannotDecrypt, match="does not have"):
        after.decrypt(sealed, **PLACE)


@pytest.mark.parametrize("text", ["", "dG9vIHNob3J0", "not base64 at all!"])
def test_an_unusable_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="encryption key"):
        Cipher.from_text(text)

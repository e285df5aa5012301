"""Tokens are honoured while they are true, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from leoflow_server.access.tokens import Signer, TokenInvalid

SECRET = "a secret that is long enough for anyone"
NOW = datetime.now(UTC)


def issue(signer: Signer, lifetime: timedelta = timedelta(hours=1)) -> str:
    return signer.issue(username="ann", role="op", tenant_id=3, epoch=7, lifetime=lifetime, now=NOW)


def test_a_token_says_who_and_until_when() -> None:
    claims = Signer(SECRET).read(issue(Signer(SECRET)))
    assert (claims.username, claims.role, claims.tenant_id, claims.epoch) == ("ann", "op", 3, 7)
    assert abs(claims.expires_at - NOW - timedelta(hours=1)) < timedelta(seconds=2)


def test_no_two_tokens_have_the_same_id() -> None:
    signer = Signer(SECRET)
    assert signer.read(issue(signer)).jti != signer.read(issue(signer)).jti


def test_an_expired_token_says_so() -> None:
    with pytest.raises(TokenInvalid, match="expired") as caught:
        Signer(SECRET).read(issue(Signer(SECRET), timedelta(hours=-1)))
    assert caught.value.expired


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-4] + "AAAA",
        lambda token: issue(Signer(SECRET + " but another one")),
        lambda token: jwt.encode({"sub": "ann"}, "", algorithm="none"),
        lambda token: "no token at all",
        lambda token: jwt.encode(jwt.decode(token, options={"verify_signature": False}), SECRET, "HS256"),
    ],
    ids=["changed", "another secret", "unsigned", "garbage", "another algorithm"],
)
def test_a_forged_token_is_refused(forge) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TokenInvalid, match="Invalid JWT token"):
        Signer(SECRET).read(forge(issue(Signer(SECRET))))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Signer("short")

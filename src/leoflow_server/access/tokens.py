"""Signed tokens: who calls, until when. The store decides whether a valid one is still honoured."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

ISSUER = "leoflow"
AUDIENCE = "leoflow-api"
ALGORITHM = "HS512"
BROWSER_LIFETIME = timedelta(hours=24)
CLI_LIFETIME = timedelta(hours=1)
_LEAST_SECRET = 32
_REMEMBERED = 1024
_REQUIRED = ["sub", "role", "tenant", "epoch", "jti", "iat", "nbf", "exp"]


class TokenInvalid(Exception):
    """A token that is not honoured; `expired` tells a late one from a wrong one."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        self.expired = expired
        super().__init__(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    username: str
    role: str
    tenant_id: int
    epoch: int  # of the user when it was issued; older than the user's: void
    jti: str
    expires_at: datetime


class Signer:
    """Issues and reads tokens under one shared secret."""

    def __init__(self, secret: str) -> None:
        if len(secret) < _LEAST_SECRET:
            raise ValueError(f"the token secret must have at least {_LEAST_SECRET} characters")
        # HS512 wants a key of 64 bytes.
        self._key = hashlib.sha512(b"leoflow tokens " + secret.encode()).digest()
        # A browser sends the same token with every call; that it was signed here stays true.
        self._verified: dict[bytes, Claims] = {}

    def issue(
        self, *, username: str, role: str, tenant_id: int, epoch: int, lifetime: timedelta, now: datetime
    ) -> str:
        return jwt.encode(
            {
                "sub": username,
                "role": role,
                "tenant": tenant_id,
                "epoch": epoch,
                "jti": secrets.token_hex(16),
                "iss": ISSUER,
                "aud": AUDIENCE,
                "iat": now,
                "nbf": now,
                "exp": now + lifetime,
            },
            self._key,
            algorithm=ALGORITHM,
        )

    def read(self, token: str) -> Claims:
        """The claims of a token with a good signature and date. Raises TokenInvalid."""
        name = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(name)
        if known is not None and datetime.now(UTC) < known.expires_at:
            return known
        claims = self._verify(token)
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[name] = claims
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            payload = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=5,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError:
            raise TokenInvalid("Token has expired", expired=True) from None
        except jwt.InvalidTokenError:
            raise TokenInvalid("Invalid JWT token") from None
        return Claims(
            username=payload["sub"],
            role=payload["role"],
            tenant_id=payload["tenant"],
            epoch=payload["epoch"],
            jti=payload["jti"],
            expires_at=datetime.fromtimestamp(payload["exp"], UTC),
        )

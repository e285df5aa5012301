"""Who may come in: passwords to tokens, tokens to users."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from leoflow_server.access import users
from leoflow_server.access.attempts import Attempts
from leoflow_server.access.cipher import Cipher
from leoflow_server.access.passwords import hash_in_thread, matches_in_thread, needs_rehash
from leoflow_server.access.roles import Role
from leoflow_server.access.tokens import BROWSER_LIFETIME, Claims, Signer, TokenInvalid
from leoflow_server.access.users import ADMIN, User

T = TypeVar("T")


class Rows(Protocol):
    """The store, as access needs it."""

    async def read_rows(self, body: Callable[[Connection], T]) -> T: ...
    async def write_rows(self, body: Callable[[Connection], T]) -> T: ...


class AccessSettings(Protocol):
    @property
    def jwt_secret(self) -> str: ...
    @property
    def encryption_key(self) -> str: ...
    @property
    def token_seconds(self) -> float: ...


class InvalidCredentials(Exception):
    """No such user, or not this password: the two are not told apart."""


class TooManyAttempts(Exception):
    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"Too many attempts: try again in {max(1, round(wait_seconds))} s")


class NoSuchUser(Exception):
    def __init__(self, username: str) -> None:
        self.username = username
        super().__init__(f"There is no user {username!r}")


# How long a checked token is taken at its word: a password reset by another process takes this long.
_TRUST_SECONDS = 1.0
_TRUSTED = 2_000


class Access:
    """Logins, tokens, and the cipher that variables and connections are sealed with."""

    def __init__(
        self,
        store: Rows,
        *,
        jwt_secret: str,
        cipher: Cipher,
        lifetime: timedelta = BROWSER_LIFETIME,
        attempts: Attempts | None = None,
    ) -> None:
        self.cipher = cipher
        self.lifetime = lifetime
        self._store = store
        self._signer = Signer(jwt_secret)
        self._attempts = attempts or Attempts()
        self._trusted: dict[str, tuple[float, User, Claims]] = {}

    @classmethod
    def create(cls, *, store: Rows, settings: AccessSettings) -> Access:
        """Raises ValueError where a secret is unusable."""
        return cls(
            store,
            jwt_secret=settings.jwt_secret,
            cipher=Cipher.from_text(settings.encryption_key),
            lifetime=timedelta(seconds=settings.token_seconds),
        )

    async def bootstrap(self, username: str = ADMIN, password: str = "") -> bool:
        """Creates the administrator; an existing one keeps its password. True: it is new."""
        if await self._store.read_rows(lambda conn: users.find_user(conn, username)) is not None:
            return False
        hashed = await hash_in_thread(password)
        now = datetime.now(UTC)

        def create(conn: Connection) -> bool:
            if users.find_user(conn, username) is not None:
                return False
            users.create_user(conn, username=username, password_hash=hashed, role=Role.ADMIN, now=now)
            return True

        return await self._store.write_rows(create)

    async def create_user(self, username: str, password: str, role: Role, *, tenant_id: int = 1) -> User:
        hashed = await hash_in_thread(password)
        now = datetime.now(UTC)
        return await self._store.write_rows(
            lambda conn: users.create_user(
                conn, username=username, password_hash=hashed, role=role, now=now, tenant_id=tenant_id
            )
        )

    async def set_password(self, username: str, password: str, *, tenant_id: int = 1) -> None:
        """Also voids every token of that user. Raises NoSuchUser."""
        hashed = await hash_in_thread(password)
        if not await self._store.write_rows(
            lambda conn: users.set_password(conn, username, hashed, tenant_id)
        ):
            raise NoSuchUser(username)
        self._trusted.clear()

    async def login(self, username: str, password: str, *, client: str) -> User:
        """Raises InvalidCredentials, TooManyAttempts."""
        names = (f"client {client}", f"user {username}")
        wait = self._attempts.wait_seconds(*names)
        if wait:
            raise TooManyAttempts(wait)
        user = await self._store.read_rows(lambda conn: users.find_user(conn, username))
        stored = user.password_hash if user else None
        if not await matches_in_thread(password, stored) or user is None or stored is None:
            raise InvalidCredentials
        self._attempts.forget(*names)
        if needs_rehash(stored):
            await self._rehash(user, password)
        return user

    def issue(self, user: User, lifetime: timedelta | None = None) -> str:
        return self._signer.issue(
            username=user.username,
            role=user.role.label,
            tenant_id=user.tenant_id,
            epoch=user.token_epoch,
            lifetime=self.lifetime if lifetime is None else lifetime,
            now=datetime.now(UTC),
        )

    async def authenticate(self, token: str) -> User:
        """The user a token stands for. Raises TokenInvalid."""
        claims = self._signer.read(token)
        now = time.monotonic()
        known = self._trusted.get(claims.jti)
        if known is not None and known[0] > now:
            return known[1]

        def look_up(conn: Connection) -> User | None:
            if users.is_revoked(conn, claims.jti):
                return None
            return users.find_user(conn, claims.username, claims.tenant_id)

        user = await self._store.read_rows(look_up)
        if user is None or user.token_epoch != claims.epoch:
            self._trusted.pop(claims.jti, None)
            raise TokenInvalid("Invalid JWT token")
        if len(self._trusted) >= _TRUSTED:
            self._trusted.clear()
        self._trusted[claims.jti] = (now + _TRUST_SECONDS, user, claims)
        return user

    async def revoke(self, token: str) -> None:
        """This token is void from now on; one that is invalid anyway is left alone."""
        try:
            claims = self._signer.read(token)
        except TokenInvalid:
            return
        self._trusted.pop(claims.jti, None)
        now = datetime.now(UTC)
        await self._store.write_rows(lambda conn: users.revoke(conn, claims.jti, claims.expires_at, now))

    async def _rehash(self, user: User, password: str) -> None:
        from sqlalchemy import update

        from leoflow_server.store.tables import users as table

        hashed = await hash_in_thread(password)
        await self._store.write_rows(
            lambda conn: (
                conn.execute(update(table).where(table.c.pk == user.pk).values(password_hash=hashed)).rowcount
            )
        )

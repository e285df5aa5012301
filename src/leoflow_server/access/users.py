"""Users in the store: named queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from leoflow_server.access.roles import Role
from leoflow_server.store.tables import revoked_tokens, users

ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    pk: int
    tenant_id: int
    username: str
    role: Role
    token_epoch: int
    password_hash: str | None


def find_user(conn: Connection, username: str, tenant_id: int = 1) -> User | None:
    """The active user of that name."""
    row = conn.execute(
        select(users).where(
            users.c.tenant_id == tenant_id, users.c.username == username, users.c.is_active.is_(True)
        )
    ).one_or_none()
    return None if row is None else _user(row)


def create_user(
    conn: Connection,
    *,
    username: str,
    password_hash: str | None,
    role: Role,
    now: datetime,
    tenant_id: int = 1,
) -> User:
    conn.execute(
        insert(users).values(
            tenant_id=tenant_id,
            username=username,
            password_hash=password_hash,
            role=role.label,
            created_at=now,
            is_active=True,
            token_epoch=0,
        )
    )
    created = find_user(conn, username, tenant_id)
    assert created is not None
    return created


def set_password(conn: Connection, username: str, password_hash: str, tenant_id: int = 1) -> bool:
    """Also voids every token issued before. False: there is no such user."""
    changed = conn.execute(
        update(users)
        .where(users.c.tenant_id == tenant_id, users.c.username == username)
        .values(password_hash=password_hash, token_epoch=users.c.token_epoch + 1)
    )
    return changed.rowcount == 1


def replace_hash(conn: Connection, user: User, password_hash: str) -> bool:
    """The same password under newer settings; nothing happens where it was changed meanwhile."""
    unchanged = (users.c.pk == user.pk) & (users.c.password_hash == user.password_hash)
    return conn.execute(update(users).where(unchanged).values(password_hash=password_hash)).rowcount == 1


def is_revoked(conn: Connection, jti: str) -> bool:
    return conn.execute(select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == jti)).first() is not None


def revoke(conn: Connection, jti: str, expires_at: datetime, now: datetime) -> None:
    """Also forgets revocations whose tokens have run out."""
    conn.execute(delete(revoked_tokens).where(revoked_tokens.c.expires_at < now))
    if not is_revoked(conn, jti):
        conn.execute(insert(revoked_tokens).values(jti=jti, expires_at=expires_at))


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(
        pk=row.pk,
        tenant_id=row.tenant_id,
        username=row.username,
        role=Role.parse(row.role),
        token_epoch=row.token_epoch,
        password_hash=row.password_hash,
    )

"""Variables and connections, encrypted at rest. Every reader and writer of their values goes through here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, Row, delete, insert, select, update

from leoflow_server.access.cipher import Cipher
from leoflow_server.store.tables import connections, variables


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredConnection:
    conn_id: str
    conn_type: str
    description: str | None = None
    host: str | None = None
    login: str | None = None
    schema: str | None = None
    port: int | None = None
    password: str | None = None
    extra: str | None = None  # JSON text

    def as_json(self) -> str:
        """The JSON form that `AIRFLOW_CONN_*` accepts."""
        fields: dict[str, Any] = {"conn_type": self.conn_type}
        for name in ("description", "host", "login", "password", "schema", "port"):
            if getattr(self, name) is not None:
                fields[name] = getattr(self, name)
        if self.extra:
            fields["extra"] = self.extra
        return json.dumps(fields)

    def uri(self) -> str:
        """Airflow's URI form."""
        text = f"{self.conn_type.lower().replace('_', '-')}://"
        if self.login is not None or self.password is not None:
            text += quote(self.login or "", safe="")
            if self.password is not None:
                text += ":" + quote(self.password, safe="")
            text += "@"
        text += quote(self.host or "", safe="")
        text += f":{self.port}" if self.port is not None else ""
        text += "/" + quote(self.schema or "", safe="") if self.schema or self.extra else ""
        return text + ("?" + urlencode({"__extra__": self.extra}) if self.extra else "")


def read_variable(conn: Connection, cipher: Cipher, tenant_id: int, key: str) -> str | None:
    """Raises CannotDecrypt."""
    sealed = conn.execute(
        select(variables.c.value).where(variables.c.tenant_id == tenant_id, variables.c.key == key)
    ).scalar_one_or_none()
    return (
        None
        if sealed is None
        else cipher.decrypt(sealed, tenant_id=tenant_id, table="variables", identity=key)
    )


def write_variable(
    conn: Connection,
    cipher: Cipher,
    tenant_id: int,
    key: str,
    value: str,
    *,
    description: str | None = None,
    now: datetime,
) -> bool:
    """Creates or replaces; a description of None keeps the one that is there. True: it is new."""
    sealed = cipher.encrypt(value, tenant_id=tenant_id, table="variables", identity=key)
    values: dict[str, Any] = {"value": sealed, "updated_at": now}
    if description is not None:
        values["description"] = description
    where = (variables.c.tenant_id == tenant_id) & (variables.c.key == key)
    if conn.execute(update(variables).where(where).values(values)).rowcount:
        return False
    conn.execute(insert(variables).values(tenant_id=tenant_id, key=key, **values))
    return True


def delete_variable(conn: Connection, tenant_id: int, key: str) -> bool:
    where = (variables.c.tenant_id == tenant_id) & (variables.c.key == key)
    return conn.execute(delete(variables).where(where)).rowcount == 1


def read_connection(
    conn: Connection, cipher: Cipher, tenant_id: int, conn_id: str
) -> StoredConnection | None:
    """Raises CannotDecrypt."""
    row = conn.execute(
        select(connections).where(connections.c.tenant_id == tenant_id, connections.c.conn_id == conn_id)
    ).one_or_none()
    return None if row is None else open_connection(row, cipher)


def open_connection(row: Row[Any], cipher: Cipher) -> StoredConnection:
    """A row of `connections` with its secrets opened. Raises CannotDecrypt."""

    def opened(column: str) -> str | None:
        sealed = getattr(row, column)
        if sealed is None:
            return None
        table = f"connections.{column}"
        return cipher.decrypt(sealed, tenant_id=row.tenant_id, table=table, identity=row.conn_id)

    return StoredConnection(
        conn_id=row.conn_id,
        conn_type=row.conn_type,
        description=row.description,
        host=row.host,
        login=row.login,
        schema=row.schema,
        port=row.port,
        password=opened("password"),
        extra=opened("extra"),
    )


def write_connection(
    conn: Connection, cipher: Cipher, tenant_id: int, stored: StoredConnection, *, now: datetime
) -> bool:
    """Creates or replaces, whole. True: it is new."""

    def sealed(column: str, text: str | None) -> bytes | None:
        if text is None:
            return None
        table = f"connections.{column}"
        return cipher.encrypt(text, tenant_id=tenant_id, table=table, identity=stored.conn_id)

    values = {
        "conn_type": stored.conn_type,
        "description": stored.description,
        "host": stored.host,
        "login": stored.login,
        "schema": stored.schema,
        "port": stored.port,
        "password": sealed("password", stored.password),
        "extra": sealed("extra", stored.extra),
        "updated_at": now,
    }
    where = (connections.c.tenant_id == tenant_id) & (connections.c.conn_id == stored.conn_id)
    if conn.execute(update(connections).where(where).values(values)).rowcount:
        return False
    conn.execute(insert(connections).values(tenant_id=tenant_id, conn_id=stored.conn_id, **values))
    return True


def delete_connection(conn: Connection, tenant_id: int, conn_id: str) -> bool:
    where = (connections.c.tenant_id == tenant_id) & (connections.c.conn_id == conn_id)
    return conn.execute(delete(connections).where(where)).rowcount == 1

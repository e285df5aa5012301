"""Connections: where and as whom to reach another system."""

from __future__ import annotations

import json

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.execution_time import backend

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

_JSON_FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


class Connection:
    """One connection; from Airflow's URI form, its JSON form or single values."""

    def __init__(
        self,
        conn_id: str | None = None,
        conn_type: str | None = None,
        description: str | None = None,
        host: str | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        port: int | None = None,
        extra: str | dict[str, Any] | None = None,
        uri: str | None = None,
    ) -> None:
        self.conn_id = conn_id
        self.description = description
        self.conn_type, self.host, self.login = conn_type, host, login
        self.password, self.schema, self.port = password, schema, port
        self.extra = json.dumps(extra) if isinstance(extra, dict) else extra
        if uri:
            self._read_uri(uri)

    @classmethod
    def from_text(cls, conn_id: str, text: str) -> Connection:
        """From `AIRFLOW_CONN_…`'s value: a URI, or a JSON object. Raises ValueError for anything else."""
        if not text.lstrip().startswith("{"):
            return cls(conn_id=conn_id, uri=text)
        fields = json.loads(text)
        unknown = sorted(set(fields) - set(_JSON_FIELDS))
        if unknown:
            raise ValueError(f"Connection {conn_id!r} has a field {unknown[0]!r}, which no connection has.")
        if fields.get("port") is not None:
            fields["port"] = int(fields["port"])
        return cls(conn_id=conn_id, **fields)

    @classmethod
    def from_json(cls, value: str, conn_id: str | None = None) -> Connection:
        """From a JSON object."""
        return cls.from_text(conn_id or "", value)

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """The connection of that id. Raises AirflowNotFoundException."""
        text = backend.current().get_connection(conn_id)
        if text is None:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        return cls.from_text(conn_id, text)

    def _read_uri(self, uri: str) -> None:
        from urllib.parse import parse_qsl, unquote, urlsplit

        if "://" not in uri:
            raise ValueError(f"Connection {self.conn_id!r} is neither a URI nor a JSON object.")
        # Types may hold characters that `urlsplit` does not take as a scheme.
        scheme, rest = uri.split("://", 1)
        nested, marker, inner = rest.partition("://")
        protocol = ""
        if marker and "/" not in nested and "@" not in nested and "?" not in nested:
            protocol, rest = f"{nested}://", inner
        parts = urlsplit(f"//{rest}")
        self.conn_type = {"postgresql": "postgres"}.get(scheme, scheme.replace("-", "_"))
        host = parts.netloc.rpartition("@")[2]
        if host.startswith("["):
            name = host.partition("]")[0][1:]
        else:
            name = host.partition(":")[0]
        self.host = protocol + unquote(name) if name or protocol else self.host
        self.port = parts.port
        self.login = unquote(parts.username) if parts.username else parts.username
        self.password = unquote(parts.password) if parts.password else parts.password
        self.schema = unquote(parts.path[1:]) if parts.path else ""
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if query:
            self.extra = query["__extra__"] if "__extra__" in query else json.dumps(query)

    def get_uri(self) -> str:
        """The URI form."""
        from urllib.parse import quote, urlencode

        scheme = (self.conn_type or "").lower().replace("_", "-")
        host, protocol = self.host or "", ""
        if "://" in host:
            protocol, host = host.split("://", 1)
            protocol += "://"
        uri = f"{scheme}://{protocol}"
        if self.login is not None or self.password is not None:
            uri += quote(self.login or "", safe="")
            uri += f":{quote(self.password, safe='')}@" if self.password is not None else "@"
        uri += quote(host, safe="")
        uri += f":{self.port}" if self.port is not None else ""
        uri += f"/{quote(self.schema, safe='')}" if self.schema else ""
        if self.extra:
            extra = self.extra_dejson
            flat = isinstance(extra, dict) and all(isinstance(value, str) for value in extra.values())
            uri += "/?" if not self.schema else "?"
            uri += urlencode(extra if flat and extra else {"__extra__": self.extra})
        return uri

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """`extra` as an object; empty when it is not JSON."""
        if not self.extra:
            return {}
        try:
            return json.loads(self.extra)
        except ValueError:
            return {}

    def get_extra_dejson(self) -> dict[str, Any]:
        return self.extra_dejson

    def get_password(self) -> str | None:
        return self.password

    def get_extra(self) -> str | None:
        return self.extra

    def get_hook(self) -> Any:
        from airflow.sdk.definitions._internal.unsupported import refuse

        refuse("Connection.get_hook()")

    def as_dict(self) -> dict[str, Any]:
        """All values, the password too."""
        return {"conn_id": self.conn_id, **{name: getattr(self, name) for name in _JSON_FIELDS}}

    def __repr__(self) -> str:
        # Neither password nor extra: a repr ends up in logs.
        return f"Connection(conn_id={self.conn_id!r}, conn_type={self.conn_type!r}, host={self.host!r})"


def get_or(conn_id: str, default: Any = NOTSET) -> Any:
    """The connection, or the default where one is given."""
    try:
        return Connection.get(conn_id)
    except AirflowNotFoundException:
        if isinstance(default, ArgNotSet):
            raise
        return default

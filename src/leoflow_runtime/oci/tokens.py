"""What proves to a registry who asks: name and password, or a token of the service that it names.

Sources: distribution's "Token Authentication Specification", and its OAuth2 form for identity tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.errors import BadAnswer, Unreachable
from leoflow_runtime.oci.failures import object_in, unauthorized, unreachable
from leoflow_runtime.oci.reference import is_loopback

_PARAMETER = re.compile(r'([a-zA-Z_]+)="([^"]*)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """By scope, as the header `Authorization` wants them. Tokens come over TLS, or from this machine."""

    host: str
    credentials: Credentials | None
    http: httpx.Client
    is_plain: bool  # the registry itself is spoken to without TLS
    reach: Callable[[str], None]  # raises BadAnswer for a service that may not be asked
    _known: dict[str, str] = field(default_factory=dict, repr=False)

    def get(self, scope: str) -> str | None:
        return self._known.get(scope)

    def renew(self, response: httpx.Response, scope: str) -> None:
        """Gets what the registry asks for in its 401. Raises RegistryError."""
        challenge = response.headers.get("WWW-Authenticate", "")
        scheme, known = challenge.partition(" ")[0].lower(), self.credentials
        if scheme == "basic" and known is not None and known.username is not None:
            basic = httpx.BasicAuth(known.username, known.password)
            request = next(basic.auth_flow(httpx.Request("GET", f"https://{self.host}")))
            self._known[scope] = request.headers["Authorization"]
        elif scheme == "bearer":
            self._known[scope] = f"Bearer {self._fetched(dict(_PARAMETER.findall(challenge)), scope)}"
        else:
            raise unauthorized(self.host, has_login=known is not None)

    def _fetched(self, challenge: Mapping[str, str], scope: str) -> str:
        realm, known = challenge.get("realm", ""), self.credentials
        host = urlsplit(realm).netloc
        if urlsplit(realm).scheme != "https" and not (self.is_plain and is_loopback(host)):
            raise Unreachable(f"{self.host} hands out tokens over a connection that is not encrypted")
        self.reach(realm)
        query = {"service": challenge.get("service", ""), "scope": scope}
        try:
            if known is not None and known.username is None:
                form = {**query, "grant_type": "refresh_token", "refresh_token": known.password}
                response = self.http.post(realm, data={**form, "client_id": "leoflow"})
            else:
                auth = (known.username or "", known.password) if known is not None else None
                response = self.http.get(realm, params=query, auth=auth)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise unreachable(self.host, error) from error
        if response.status_code in (400, 401, 403):
            raise unauthorized(self.host, has_login=known is not None)
        answer = object_in(response)
        token = answer.get("token") or answer.get("access_token")
        if not response.is_success or not isinstance(token, str):
            raise BadAnswer(f"{self.host}: its token service answers with status {response.status_code}")
        return token

"""HTTP to one registry: authentication, retries, redirects, and failures as sentences.

Sources: distribution's "Token Authentication Specification", and its OAuth2 form for identity tokens.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx

from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.errors import (
    BadAnswer,
    NotFound,
    Refused,
    RegistryError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from leoflow_runtime.oci.records import is_digest
from leoflow_runtime.oci.reference import is_loopback

TRIES = 5
TIMEOUT = httpx.Timeout(60.0, connect=15.0)
LONGEST_WAIT = 60.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PARAMETER = re.compile(r'([a-zA-Z_]+)="([^"]*)"')

MayReach = Callable[[str, str | None], bool]  # a URL, and the request that was redirected there


def named(repository: str, version: str) -> str:
    """A manifest or blob in messages."""
    return f"{repository}{'@' if is_digest(version) else ':'}{version}"


def pull_scope(repository: str) -> str:
    """What a token has to allow in order to read."""
    return f"repository:{repository}:pull"


def push_scope(repository: str) -> str:
    """What a token has to allow in order to write."""
    return f"repository:{repository}:pull,push"


class Session:
    """One connection pool, safe to use from several threads.

    Plain HTTP is spoken to this machine alone, and elsewhere only where `insecure` asks for it.
    `may_reach` decides before each connection, redirects and token services included; without it all may.
    """

    def __init__(
        self,
        host: str,
        *,
        credentials: Credentials | None = None,
        insecure: bool = False,
        may_reach: MayReach | None = None,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self._may_reach = may_reach or (lambda _url, _source: True)
        self._credentials = credentials
        self._is_plain = insecure or is_loopback(host)
        self._wait = wait
        self._tokens: dict[str, str] = {}  # scope -> Authorization
        self._base = f"{'http' if self._is_plain else 'https'}://{host}"
        self._http = httpx.Client(
            timeout=TIMEOUT,
            transport=transport,
            follow_redirects=False,
            trust_env=not is_loopback(host),
            limits=httpx.Limits(max_connections=16),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        scope: str,
        what: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        retries: bool = True,
        missing: bool = False,
    ) -> httpx.Response:
        """The whole answer of a success; with `missing` also a 404. `what` names the subject in messages.

        `scope` is what the token has to allow, such as `repository:dags/sales:pull`. Raises RegistryError.
        """
        with self.stream(
            method,
            url,
            scope=scope,
            what=what,
            headers=headers,
            body=body,
            retries=retries,
            missing=missing,
        ) as response:
            try:
                response.read()
            except httpx.TransportError as error:
                raise self._unreachable(error) from error
            return response

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        scope: str,
        what: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        retries: bool = True,
        missing: bool = False,
    ) -> Iterator[httpx.Response]:
        """The same with the body still to be read."""
        response = self._answered(
            method, urljoin(self._base, url), scope, headers or {}, body, TRIES if retries else 1
        )
        try:
            if not (response.is_success or (missing and response.status_code == 404)):
                raise self._failure(response, what)
            yield response
        finally:
            response.close()

    def _answered(
        self, method: str, url: str, scope: str, headers: Mapping[str, str], body: bytes | None, tries: int
    ) -> httpx.Response:
        """Retries what a later try may do better: no connection, a server in trouble.

        Too many requests (429) is repeated whatever `tries` says, because nothing was done.
        """
        asked_for_token, number = False, 0
        while True:
            number += 1
            try:
                response = self._send(method, url, scope, headers, body)
            except httpx.TransportError as error:
                if number >= tries:
                    raise self._unreachable(error) from error
                self._wait(_backoff(number))
                continue
            status = response.status_code
            if status == 401 and not asked_for_token:
                asked_for_token, number = True, number - 1
                response.close()
                self._authenticate(response, scope)
                continue
            if number >= (TRIES if status == 429 else tries) or not (status == 429 or status >= 500):
                return response
            response.close()
            self._wait(_told_to_wait(response) or _backoff(number))

    def _send(
        self, method: str, url: str, scope: str, headers: Mapping[str, str], body: bytes | None
    ) -> httpx.Response:
        """One try; follows redirects, with our credentials for the registry alone."""
        first = url = self._safe(url)
        for _ in range(6):
            self._reach(url, first if url != first else None)
            ours = urlsplit(url).netloc == self.host
            own = {"Authorization": self._tokens[scope]} if ours and scope in self._tokens else {}
            request = self._http.build_request(method, url, headers={**headers, **own}, content=body)
            response = self._http.send(request, stream=True)
            if response.status_code not in _REDIRECTS or method not in ("GET", "HEAD"):
                return response
            response.close()
            url = self._safe(urljoin(url, response.headers.get("Location", "")))
        raise BadAnswer(f"{self.host} redirects without an end")

    def _reach(self, url: str, source: str | None) -> None:
        if not self._may_reach(url, source):
            raise BadAnswer(f"{self.host} sends to {urlsplit(url).netloc}, which may not be asked")

    def _safe(self, url: str) -> str:
        """A URL that the registry named, encrypted unless it is spoken to in the clear itself."""
        parts = urlsplit(url)
        if parts.scheme == "https" or (parts.scheme == "http" and self._is_plain):
            return url
        if parts.scheme == "http" and parts.netloc == self.host:
            # Behind a proxy that adds the encryption, a registry may not know of it.
            return parts._replace(scheme="https").geturl()
        raise Unreachable(f"{self.host} sends to a connection that is not encrypted")

    def _authenticate(self, response: httpx.Response, scope: str) -> None:
        """What the registry asks for: name and password, or a token of the service that it names."""
        challenge = response.headers.get("WWW-Authenticate", "")
        scheme = challenge.partition(" ")[0].lower()
        if scheme == "basic" and self._credentials is not None and self._credentials.username is not None:
            basic = httpx.BasicAuth(self._credentials.username, self._credentials.password)
            request = next(basic.auth_flow(httpx.Request("GET", self._base)))
            self._tokens[scope] = request.headers["Authorization"]
        elif scheme == "bearer":
            self._tokens[scope] = f"Bearer {self._token(dict(_PARAMETER.findall(challenge)), scope)}"
        else:
            raise self._unauthorized()

    def _token(self, challenge: Mapping[str, str], scope: str) -> str:
        realm = challenge.get("realm", "")
        host = urlsplit(realm).netloc
        if urlsplit(realm).scheme != "https" and not (self._is_plain and is_loopback(host)):
            raise Unreachable(f"{self.host} hands out tokens over a connection that is not encrypted")
        self._reach(realm, None)
        query = {"service": challenge.get("service", ""), "scope": scope}
        known = self._credentials
        try:
            if known is not None and known.username is None:
                form = {**query, "grant_type": "refresh_token", "refresh_token": known.password}
                response = self._http.post(realm, data={**form, "client_id": "leoflow"})
            else:
                auth = (known.username or "", known.password) if known is not None else None
                response = self._http.get(realm, params=query, auth=auth)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from error
        if response.status_code in (400, 401, 403):
            raise self._unauthorized()
        answer = _json(response)
        token = answer.get("token") or answer.get("access_token")
        if not response.is_success or not isinstance(token, str):
            raise BadAnswer(f"{self.host}: its token service answers with status {response.status_code}")
        return token

    def _unauthorized(self) -> Unauthorized:
        if self._credentials is None:
            return Unauthorized(
                f"{self.host} wants a login, and there is none for it",
                hint="`docker login` keeps one; LEOFLOW_REGISTRY_USERNAME and _PASSWORD name one",
            )
        return Unauthorized(f"{self.host} does not accept the login that there is for it")

    def _unreachable(self, error: Exception) -> Unreachable:
        reason = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
        return Unreachable(f"the registry {self.host} cannot be reached: {reason}")

    def _failure(self, response: httpx.Response, what: str) -> RegistryError:
        status = response.status_code
        try:
            response.read()
        except httpx.TransportError:
            return Unavailable(f"{self.host} answers {what} with status {status}", status=status)
        detail = _detail(response)
        if status == 401:
            return self._unauthorized()
        if status == 403:
            return Unauthorized(f"this login may not do that with {what} on {self.host}{detail}")
        if status == 404:
            return NotFound(f"{self.host} has no {what}{detail}")
        if status == 429:
            return Unavailable(f"{self.host} has had too many requests; try again later", status=status)
        kind = Unavailable if status >= 500 else Refused
        return kind(f"{self.host} refuses {what} with status {status}{detail}", status=status)


def _backoff(number: int) -> float:
    return float(min(0.25 * 2 ** (number - 1), 5.0))


def _told_to_wait(response: httpx.Response) -> float | None:
    """Seconds that a Retry-After asks for; a date is not honoured."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), LONGEST_WAIT) if text.isdigit() else None


def _detail(response: httpx.Response) -> str:
    """The registry's own words (distribution specification, "Error Codes")."""
    errors = _json(response).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    text = first.get("message") if isinstance(first, dict) else None
    return f": {text[:200]}" if isinstance(text, str) and text else ""


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}

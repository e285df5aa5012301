"""HTTP to one registry: authentication, retries, redirects, and failures as sentences."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.errors import BadAnswer, Unreachable
from leoflow_runtime.oci.failures import failure, unreachable
from leoflow_runtime.oci.records import is_digest
from leoflow_runtime.oci.reference import is_loopback
from leoflow_runtime.oci.tokens import Tokens

TRIES = 5
TIMEOUT = httpx.Timeout(60.0, connect=15.0)
LONGEST_WAIT = 60.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

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
        self._has_login = credentials is not None
        self._is_plain = insecure or is_loopback(host)
        self._wait = wait
        self._base = f"{'http' if self._is_plain else 'https'}://{host}"
        self._http = httpx.Client(
            timeout=TIMEOUT,
            transport=transport,
            follow_redirects=False,
            trust_env=not is_loopback(host),
            limits=httpx.Limits(max_connections=16),
        )
        self._tokens = Tokens(
            host=host,
            credentials=credentials,
            http=self._http,
            is_plain=self._is_plain,
            reach=lambda url: self._reach(url, None),
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
                raise unreachable(self.host, error) from error
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
                raise failure(response, self.host, what, has_login=self._has_login)
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
                    raise unreachable(self.host, error) from error
                self._wait(_backoff(number))
                continue
            status = response.status_code
            if status == 401 and not asked_for_token:
                asked_for_token, number = True, number - 1
                response.close()
                self._tokens.renew(response, scope)
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
            token = self._tokens.get(scope) if ours else None
            own = {"Authorization": token} if token is not None else {}
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


def _backoff(number: int) -> float:
    return float(min(0.25 * 2 ** (number - 1), 5.0))


def _told_to_wait(response: httpx.Response) -> float | None:
    """Seconds that a Retry-After asks for; a date is not honoured."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), LONGEST_WAIT) if text.isdigit() else None

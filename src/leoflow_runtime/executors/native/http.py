"""HTTP requests of native tasks: one client for all, every connection through the guard."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpcore
import httpx
from httpcore import AnyIOBackend, AsyncConnectionPool, AsyncNetworkBackend, AsyncNetworkStream

from leoflow_runtime.executors.native.guard import AddressDenied, AddressPolicy, resolve
from leoflow_runtime.executors.native.work import HttpConnection

_REDIRECTS = 5
LONGEST_ANSWER = 256 * 1024  # the limit of an XCom


class CallFailed(Exception):
    """No usable answer; the text is one sentence without secrets. `status`: of the answer, if any."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """`url`: absolute, or a path below the connection."""

    method: str
    url: str = ""
    headers: Mapping[str, str]
    body: Any = None  # an object is sent as a form (a query with GET and HEAD), a text as it is
    timeout: float = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    reason: str
    text: str


class GuardedClient:
    """Follows redirects, and never takes the connection's login or headers to another host."""

    def __init__(self, policy: AddressPolicy, *, connections: int = 100) -> None:
        self._client = httpx.AsyncClient(
            transport=_GuardedTransport(policy, connections), follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def send(self, request: Request, connection: HttpConnection | None) -> Answer:
        """Raises CallFailed."""
        url = address_of(request.url, connection)
        shown = f"{request.method} {url.partition('?')[0]}"
        headers = {**(connection.headers if connection else {}), **request.headers}
        if connection is not None and connection.login:
            pair = f"{connection.login}:{connection.password or ''}".encode()
            headers.setdefault("Authorization", f"Basic {base64.b64encode(pair).decode()}")
        params, content = _payload(request, headers)
        if params:
            url += ("&" if "?" in url else "?") + params
        try:
            return await self._follow(
                self._client.build_request(
                    request.method, url, headers=headers, content=content, timeout=request.timeout
                ),
                shown,
                given_away=frozenset(connection.headers) if connection else frozenset(),
            )
        except AddressDenied as error:
            raise CallFailed(f"{shown} was not made: {error}") from error
        except httpx.TimeoutException as error:
            raise CallFailed(f"{shown} got no answer within {request.timeout:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise CallFailed(f"{shown} failed: {reason}") from error

    async def _follow(self, sent: httpx.Request, shown: str, given_away: frozenset[str]) -> Answer:
        """`given_away`: headers that are meant for the connection's host alone."""
        for _ in range(_REDIRECTS + 1):
            response = await self._client.send(sent, stream=True)
            try:
                if response.next_request is None:
                    text = await _text(response, shown)
                    return Answer(status=response.status_code, reason=response.reason_phrase, text=text)
            finally:
                await response.aclose()
            following = response.next_request
            if (following.url.host, following.url.port) != (sent.url.host, sent.url.port):
                for name in given_away:
                    following.headers.pop(name, None)
            sent = following
        raise CallFailed(f"{shown} was redirected more than {_REDIRECTS} times")


def address_of(url: str, connection: HttpConnection | None) -> str:
    """Raises CallFailed where neither names a host."""
    if url.startswith(("http://", "https://")):
        return url
    if connection is None:
        raise CallFailed(f"`{url}` is no absolute URL and the task names no connection")
    base = connection.base
    return base + ("/" if url and not base.endswith("/") and not url.startswith("/") else "") + url


def _payload(request: Request, headers: dict[str, str]) -> tuple[str, bytes | None]:
    """(query, body), as Airflow's HttpHook sends them."""
    body = request.body
    if request.method in ("GET", "HEAD"):
        return ("" if not body else body if isinstance(body, str) else urlencode(body, doseq=True)), None
    if not body:
        return "", None
    named = {name.lower() for name in headers}
    if isinstance(body, dict):
        if "content-type" not in named:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return "", urlencode(body, doseq=True).encode()
    if "content-type" not in named:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    return "", str(body).encode()


async def _text(response: httpx.Response, shown: str) -> str:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > LONGEST_ANSWER:
            raise CallFailed(f"the answer to {shown} is longer than {LONGEST_ANSWER:,} bytes")
    return content.decode(response.charset_encoding or "utf-8", errors="replace")


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx has no setting for the way to the network; its pool of httpcore has."""

    def __init__(self, policy: AddressPolicy, connections: int) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool = AsyncConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_GuardedBackend(policy),
        )


class _GuardedBackend(AsyncNetworkBackend):
    """Connects to addresses that the policy has seen. TLS still checks the name."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._backend = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        try:
            addresses = await resolve(host, port, self._policy)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> AsyncNetworkStream:
        raise AddressDenied("a socket file is no place for a request")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)

"""What surrounds every request: the base path, cross-site protection, headers, and a measurement."""

from __future__ import annotations

import time
from typing import Any, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leoflow_server.api.answers import encode

_SAFE = {"GET", "HEAD", "OPTIONS"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'self'; object-src 'none'; base-uri 'self'",
}


class RequestMetrics(Protocol):
    def request(self, route: str, method: str, status: int, seconds: float) -> None: ...


class Shield:
    """ASGI middleware. `base_path` ends in "/"; requests below it are served as if it were "/"."""

    def __init__(self, app: ASGIApp, *, base_path: str, metrics: RequestMetrics | None) -> None:
        self._app = app
        self._base = base_path.rstrip("/")
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._base and scope["path"].startswith(self._base + "/"):
            scope = {**scope, "path": scope["path"][len(self._base) :], "raw_path": None}
        began, status = time.perf_counter(), 500

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(("/api/", "/ui/", "/auth/token")):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            if comes_from_elsewhere(scope):
                await _refuse(answering)
            else:
                await self._app(scope, receive, answering)
        finally:
            if self._metrics is not None:
                route = getattr(scope.get("route"), "path", "unmatched")
                self._metrics.request(route, scope["method"], status, time.perf_counter() - began)


def comes_from_elsewhere(scope: Scope) -> bool:
    """Whether a changing request was caused by another site. Programs send neither header: they pass."""
    if scope["method"] in _SAFE:
        return False
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


async def _refuse(send: Any) -> None:
    body = encode({"detail": "The request comes from another site"})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""HTTP to one server: JSON in and out, every failure a ClientError."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from leoflow_compiler.client.errors import (
    BadAnswer,
    ClientError,
    Conflict,
    Forbidden,
    NotFound,
    NotLoggedIn,
    Refused,
    Unreachable,
)
from leoflow_compiler.client.settings import Settings

TIMEOUT_SECONDS = 30.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Session:
    """One connection pool. Use as a context manager."""

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        self.server = settings.server
        headers = {"Accept": "application/json"}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        self._http = httpx.Client(
            base_url=settings.server,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            # A proxy for the outside world cannot reach a server on this machine.
            trust_env=urlsplit(settings.server).hostname not in _LOOPBACK,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        expect: type[dict[str, Any]] | None = dict,
    ) -> Any:
        """The decoded answer of a success. `what` names the subject in messages, such as `DAG 'sales'`.

        `expect` None: the answer may be empty and is not looked at. Raises ClientError.
        """
        response = self._send(method, path, query=query, body=body)
        if not response.is_success:
            raise self._failure(response, what)
        if expect is None:
            return None
        try:
            answer = response.json()
        except ValueError as error:
            raise BadAnswer(f"{self.server} does not answer like a Leoflow server (no JSON)") from error
        if not isinstance(answer, expect):
            raise BadAnswer(f"{self.server} does not answer like a Leoflow server (no object)")
        return answer

    def status_of(self, method: str, path: str, *, body: Any) -> tuple[int, Any]:
        """The status and the decoded answer (None without JSON), whatever the status."""
        response = self._send(method, path, query=None, body=body)
        try:
            return response.status_code, response.json()
        except ValueError:
            return response.status_code, None

    def _send(self, method: str, path: str, *, query: Mapping[str, Any] | None, body: Any) -> httpx.Response:
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        try:
            return self._http.request(method, path, params=query, content=content, headers=headers)
        except httpx.TimeoutException as error:
            raise Unreachable(self.server, f"no answer within {TIMEOUT_SECONDS:.0f} seconds") from error
        except (httpx.TransportError, httpx.InvalidURL, ssl.SSLError) as error:
            reason = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
            raise Unreachable(self.server, reason) from error

    def _failure(self, response: httpx.Response, what: str) -> ClientError:
        status, detail = response.status_code, _detail(response)
        if status == 401:
            return NotLoggedIn(self.server)
        if status == 403:
            if detail in ("", "Forbidden"):
                return Forbidden(f"this login may not do that with {what}")
            return Forbidden(f"{self.server} does not allow {what}: {detail}")  # whoever asks
        if status == 404:
            return NotFound(f"{self.server} knows no {what}")
        if status == 409:
            return Conflict(f"{what} is in conflict with what the server has" + _suffix(detail))
        if 400 <= status < 500:
            return Refused(f"{self.server} refuses {what}" + _suffix(detail))
        return BadAnswer(f"{self.server} failed with status {status}" + _suffix(detail))


def _suffix(detail: str) -> str:
    return f": {detail}" if detail else ""


def _detail(response: httpx.Response) -> str:
    """The server's reason in one line: Airflow's `detail` as text, as an object, or as FastAPI's list."""
    try:
        body = response.json()
    except ValueError:
        return ""
    detail = body.get("detail", body.get("title")) if isinstance(body, dict) else None
    if isinstance(detail, str):
        return " ".join(detail.split())
    if isinstance(detail, dict):
        return " ".join(str(detail.get(key)) for key in ("reason", "orig_error") if detail.get(key))
    if isinstance(detail, list):
        return "; ".join(_field_problem(item) for item in detail)
    return ""


def _field_problem(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    where = ".".join(str(part) for part in item.get("loc", ()) if part != "body")
    message = str(item.get("msg", item.get("message", "not valid")))
    return f"{where}: {message}" if where else message

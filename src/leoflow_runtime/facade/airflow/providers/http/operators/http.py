"""HTTP requests, on the standard library."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.signature import keyword_arguments
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.definitions.connection import Connection
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class HttpResponse:
    """What came back: the part of `requests.Response` that checks and filters use."""

    def __init__(self, url: str, status_code: int, reason: str, headers: Any, content: bytes) -> None:
        self.url = url
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self.content = content

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def encoding(self) -> str:
        return self.headers.get_content_charset() or "utf-8"

    @property
    def text(self) -> str:
        return self.content.decode(self.encoding, errors="replace")

    def json(self) -> Any:
        """The body as JSON. Raises ValueError when it is not."""
        import json

        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raise AirflowException for 400 and above."""
        if not self.ok:
            raise AirflowException(f"{self.status_code}:{self.reason}")


class HttpOperator(BaseOperator):
    """Makes one request; the body of the answer, or what `response_filter` makes of it, is the value.

    `endpoint` is a path below the connection's host, or an absolute URL, which needs no connection.
    """

    template_fields = ("endpoint", "data", "headers", "http_conn_id")
    template_fields_renderers = {"headers": "json", "data": "py"}
    ui_color = "#f4a460"

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        method: str = "POST",
        data: dict[str, Any] | str | None = None,
        headers: dict[str, str] | None = None,
        pagination_function: Any = None,
        response_check: Callable[..., bool] | None = None,
        response_filter: Callable[..., Any] | None = None,
        request_kwargs: dict[str, Any] | None = None,
        extra_options: dict[str, Any] | None = None,
        http_conn_id: str = "http_default",
        log_response: bool = False,
        auth_type: Any = None,
        deferrable: bool = False,
        retry_args: Any = None,
        tcp_keep_alive: bool = True,
        tcp_keep_alive_idle: int = 120,
        tcp_keep_alive_count: int = 20,
        tcp_keep_alive_interval: int = 30,
        warn_on_non_idempotent: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._not_run = {
            "pagination_function=…": pagination_function,
            "auth_type=…": auth_type,
            "deferrable=True": deferrable,
            "retry_args=…": retry_args,
            "request_kwargs=…": request_kwargs,
        }
        self.endpoint = endpoint
        self.method = method.upper()
        self.data = data if data is not None else {}
        self.headers = headers or {}
        self.response_check = response_check
        self.response_filter = response_filter
        self.extra_options = extra_options or {}
        self.http_conn_id = http_conn_id
        self.log_response = log_response

    def execute(self, context: Any) -> Any:
        """Raises AirflowException for a status of 400 and above, no answer, or a check that says no."""
        for argument, value in self._not_run.items():
            if value:
                refuse(f"HttpOperator({argument})")
        response = self.call()
        if self.response_check is not None:
            if not self.response_check(
                response, **keyword_arguments(self.response_check, [response], context)
            ):
                raise AirflowException("Response check returned False.")
        if self.response_filter is not None:
            return self.response_filter(
                response, **keyword_arguments(self.response_filter, [response], context)
            )
        return response.text

    def call(self) -> HttpResponse:
        """One request. Raises AirflowException for no answer, and for 400 and above unless told otherwise."""
        url, headers = self._target()
        self.log.info("Calling HTTP method %s %s", self.method, url.partition("?")[0])
        response = self._request(url, {**headers, **self.headers})
        if self.log_response:
            self.log.info("%s", response.text)
        if self.extra_options.get("check_response", True):
            response.raise_for_status()
        return response

    def _target(self) -> tuple[str, dict[str, str]]:
        endpoint = self.endpoint or ""
        if endpoint.startswith(("http://", "https://")):
            return endpoint, {}
        connection = Connection.get(self.http_conn_id)
        host = connection.host or ""
        base = host if "://" in host else f"{connection.schema or 'http'}://{host}"
        if connection.port:
            base += f":{connection.port}"
        if endpoint and not base.endswith("/") and not endpoint.startswith("/"):
            base += "/"
        headers = {name: str(value) for name, value in connection.extra_dejson.items()}
        if connection.login:
            import base64

            pair = f"{connection.login}:{connection.password or ''}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return base + endpoint, headers

    def _request(self, url: str, headers: dict[str, str]) -> HttpResponse:
        from urllib.error import HTTPError, URLError
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        headers = dict(headers)
        body: bytes | None = None
        if self.method in ("GET", "HEAD"):
            if self.data:
                query = self.data if isinstance(self.data, str) else urlencode(self.data, doseq=True)
                url += f"{'&' if '?' in url else '?'}{query}"
        elif isinstance(self.data, dict):
            body = urlencode(self.data, doseq=True).encode()
        elif self.data:
            body = self.data if isinstance(self.data, bytes) else str(self.data).encode()
            # urllib would call it a form.
            if not any(name.lower() == "content-type" for name in headers):
                headers["Content-Type"] = "text/plain; charset=utf-8"
        request = Request(url, data=body or None, headers=headers, method=self.method)
        try:
            answer = urlopen(request, timeout=self.extra_options.get("timeout", 60))
        except HTTPError as error:
            answer = error
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise AirflowException(f"{self.method} {url.partition('?')[0]} failed: {reason}") from error
        with answer:
            return HttpResponse(
                url, answer.status or answer.code, answer.reason, answer.headers, answer.read()
            )


SimpleHttpOperator = HttpOperator

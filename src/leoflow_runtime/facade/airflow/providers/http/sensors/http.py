"""Waiting for an answer."""

from __future__ import annotations

from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.signature import keyword_arguments
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class HttpSensor(BaseSensorOperator):
    """Until a request succeeds, and a check of its answer says yes."""

    template_fields = ("endpoint", "request_params", "headers")

    def __init__(
        self,
        *,
        endpoint: str,
        http_conn_id: str = "http_default",
        method: str = "GET",
        request_params: dict[str, Any] | None = None,
        request_kwargs: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        response_error_codes_allowlist: list[str] | None = None,
        response_check: Any = None,
        extra_options: dict[str, Any] | None = None,
        tcp_keep_alive: bool = True,
        tcp_keep_alive_idle: int = 120,
        tcp_keep_alive_count: int = 20,
        tcp_keep_alive_interval: int = 30,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        if response_error_codes_allowlist is None:
            self.response_error_codes_allowlist = ["404"]

    def poke(self, context: Any) -> Any:
        """Raises AirflowException for an error whose status is not one of those to wait through."""
        for argument in ("request_kwargs", "deferrable"):
            if getattr(self, argument):
                refuse(f"HttpSensor({argument}=…)")
        self.log.info("Poking: %s", self.endpoint)
        request = HttpOperator(
            task_id=self.task_id,
            endpoint=self.endpoint,
            method=self.method,
            data=self.request_params,
            headers=self.headers,
            http_conn_id=self.http_conn_id,
            extra_options=self.extra_options,
        )
        try:
            response = request.call()
        except AirflowException as error:
            if str(error).startswith(tuple(self.response_error_codes_allowlist)):
                self.log.info("Not yet: %s", error)
                return False
            raise
        if self.response_check is None:
            return True
        return self.response_check(response, **keyword_arguments(self.response_check, [response], context))

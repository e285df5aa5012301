"""What every call of an agent has around it: a span, a measurement, errors as codes with one sentence."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import grpc
import grpc.aio

from leoflow_server.access import CannotDecrypt
from leoflow_server.agents.code import CodeMissing
from leoflow_server.agents.reports import ReportInvalid
from leoflow_server.agents.sessions import NotAuthentic
from leoflow_server.observe import Metrics, span
from leoflow_server.store import StoreError
from leoflow_server.store.xcom_values import XComGone

_log = logging.getLogger("leoflow.agents")

Context = grpc.aio.ServicerContext[Any, Any]
Reply = TypeVar("Reply")
Request = TypeVar("Request")


class Refused(Exception):
    """Ends a call with a code and a sentence."""

    def __init__(self, code: grpc.StatusCode, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


class Measured(Protocol):
    metrics: Metrics


Service = TypeVar("Service", bound=Measured)
_CODES: tuple[tuple[type[Exception], grpc.StatusCode], ...] = (
    (NotAuthentic, grpc.StatusCode.UNAUTHENTICATED),
    (ReportInvalid, grpc.StatusCode.INVALID_ARGUMENT),
    (CodeMissing, grpc.StatusCode.FAILED_PRECONDITION),
    (CannotDecrypt, grpc.StatusCode.FAILED_PRECONDITION),
    (XComGone, grpc.StatusCode.FAILED_PRECONDITION),
    (StoreError, grpc.StatusCode.UNAVAILABLE),
    (OSError, grpc.StatusCode.UNAVAILABLE),
)


def unary(
    method: Callable[[Service, Request, Context], Awaitable[Reply]],
) -> Callable[[Service, Request, Context], Awaitable[Reply]]:
    """Wraps a method of the service."""
    name = method.__name__

    @functools.wraps(method)
    async def call(service: Service, request: Request, context: Context) -> Reply:
        began = time.perf_counter()
        code, sentence = grpc.StatusCode.OK, ""
        try:
            with span(f"agent.{name}"):
                return await method(service, request, context)
        except Refused as refusal:
            code, sentence = refusal.code, str(refusal)
        except Exception as error:  # noqa: BLE001 - the border: everything leaves as a code
            code, sentence = _translated(error)
            if code is grpc.StatusCode.INTERNAL:
                _log.exception("a call of an agent failed", extra={"method": name})
        finally:
            service.metrics.agent_call(name, code.name, time.perf_counter() - began)
        await context.abort(code, sentence)
        raise AssertionError("abort raises")

    return call


def bearer(context: Context) -> str | None:
    """The credential of `authorization: Bearer …`."""
    for name, value in context.invocation_metadata() or ():
        if name == "authorization":
            text = value.decode() if isinstance(value, bytes) else value
            scheme, _, credential = text.partition(" ")
            return credential if scheme.lower() == "bearer" else None
    return None


def _translated(error: Exception) -> tuple[grpc.StatusCode, str]:
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, str(error)
    return grpc.StatusCode.INTERNAL, "the control plane could not handle the call"

"""Errors in Airflow's shapes. What a caller is not to see (SQL, tracebacks) never leaves here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from leoflow_runtime.engine.errors import (
    BackfillCompleted,
    BackfillInvalid,
    BackfillRunning,
    NotAllowed,
    NothingRegistered,
    OperationRefused,
    RunExists,
    UnknownBackfill,
    UnknownDag,
    UnknownRun,
    UnknownState,
    UnknownTask,
)
from leoflow_server.api.answers import answer
from leoflow_server.store.errors import StoreError

log = logging.getLogger("leoflow.api")


class ApiError(Exception):
    """An answer that ends the request: `status` and Airflow's `{"detail": …}`."""

    def __init__(
        self, status: int, detail: str | Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.detail = detail
        self.headers = headers
        super().__init__(str(detail))


class NotFound(ApiError):
    def __init__(self, detail: str) -> None:
        super().__init__(404, detail)


class Unprocessable(Exception):
    """A request whose parts are wrong, as FastAPI's list of problems."""

    def __init__(self, problems: Sequence[Mapping[str, Any]]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(str(problem["msg"]) for problem in problems))

    @classmethod
    def one(cls, where: Sequence[str | int], message: str, given: Any = None) -> Unprocessable:
        return cls([{"type": "value_error", "loc": list(where), "msg": message, "input": given}])


def conflict(what: str) -> ApiError:
    """A name that is taken, in the shape of Airflow's violated unique constraint."""
    return ApiError(
        409,
        {
            "reason": "Unique constraint violation",
            "statement": "hidden",
            "orig_error": "hidden",
            "message": what,
        },
    )


def install(app: FastAPI) -> None:
    """Every error of the application becomes a JSON answer."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(Unprocessable, _unprocessable)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(ValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OperationRefused, _refused)
    app.add_exception_handler(RunExists, _run_exists)
    app.add_exception_handler(IntegrityError, _integrity)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(Exception, _unexpected)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return answer({"detail": error.detail}, error.status, error.headers)


async def _unprocessable(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unprocessable)
    return answer({"detail": error.problems}, 422)


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError | ValidationError)
    problems = []
    # FastAPI says where it looked; a body that is read by hand is the only other place.
    prefix = ["body"] if isinstance(error, ValidationError) else []
    for problem in error.errors():
        # `ctx` may hold an exception, `url` points to a library's documentation.
        kept = {name: problem[name] for name in ("type", "loc", "msg") if name in problem}
        kept["loc"] = [*prefix, *problem["loc"]]
        problems.append({**kept, "input": _plain(problem.get("input"))})
    return answer({"detail": problems}, 422)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer({"detail": error.detail}, error.status_code, error.headers)


async def _refused(request: Request, error: Exception) -> Response:
    match error:
        case UnknownDag() | UnknownRun() | UnknownTask() | UnknownBackfill() | NothingRegistered():
            return answer({"detail": str(error)}, 404)
        case BackfillInvalid():
            problem = {"type": "value_error", "loc": ["body"], "msg": str(error), "input": None}
            return answer({"detail": [problem]}, 422)
        case NotAllowed() | BackfillRunning() | BackfillCompleted():
            return answer({"detail": str(error)}, 409)
        case UnknownState(state=state):
            problem = {"type": "enum", "loc": ["body", "state"], "msg": str(error), "input": state}
            return answer({"detail": [problem]}, 422)
        case _:
            return answer({"detail": str(error)}, 400)


async def _run_exists(request: Request, error: Exception) -> Response:
    assert isinstance(error, RunExists)
    existing = error.existing
    raised = conflict(
        f"A run of this DAG with run_id {existing.run_id!r} or the same logical date exists already."
    )
    return answer({"detail": raised.detail}, raised.status)


async def _integrity(request: Request, error: Exception) -> Response:
    log.warning("a write violated a constraint of the store", exc_info=error)
    raised = conflict("The request conflicts with what is stored.")
    return answer({"detail": raised.detail}, raised.status)


async def _store(request: Request, error: Exception) -> Response:
    log.error("the record could not be read or written: %s", error)
    return answer({"detail": "The database cannot be used at the moment; try again."}, 503)


async def _unexpected(request: Request, error: Exception) -> Response:
    # Starlette logs the traceback after this answer is sent.
    return answer({"detail": "Internal Server Error"}, 500)


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool | None):
        return value
    return str(value)[:200]

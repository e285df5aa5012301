"""Logs of one try: the lines of all its launches, verbatim, while they are written."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection, Row

from leoflow_server.api.airflow.instances import the_task
from leoflow_server.api.answers import NDJSON, answer, lines
from leoflow_server.api.call import Call, Viewer
from leoflow_server.api.errors import ApiError, NotFound
from leoflow_server.api.queries import tasks
from leoflow_server.logs import LogKey

router = APIRouter(prefix="/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}")
_CHUNK = 1 << 20
_MOVING = ("scheduled", "queued", "running", "restarting", "deferred")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Try:
    keys: tuple[LogKey, ...]  # of its launches, oldest first
    remarks: tuple[tuple[str, Any], ...]  # (sentence, when): what no process could write down
    is_over: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """How far a reader has come: the launch and the byte in its log."""

    launch_id: int = 0
    offset: int = 0

    def token(self) -> str:
        text = json.dumps([self.launch_id, self.offset])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, token: str | None) -> _Place:
        if not token:
            return cls()
        try:
            launch_id, offset = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            return cls(launch_id=int(launch_id), offset=max(0, int(offset)))
        except (binascii.Error, ValueError, TypeError):
            raise ApiError(400, "Bad Signature. Please use only the tokens provided by the API.") from None


@router.get("/logs/{try_number}")
async def get_log(dag_id: str, dag_run_id: str, task_id: str, try_number: int, call: Viewer) -> Response:
    map_index = call.params.integer("map_index", -1)
    place = _Place.read(call.params.text("token"))
    assert map_index is not None
    found = await call.read(lambda conn: _try(conn, call, dag_id, dag_run_id, task_id, map_index, try_number))
    if NDJSON in call.request.headers.get("accept", ""):
        headers = {} if found.is_over else {"Airflow-Continuation-Token": (await _end(call, found)).token()}
        return StreamingResponse(_stream(call, found, place), media_type=NDJSON, headers=headers)
    return answer(await _json(call, found, place))


@router.get("/externalLogUrl/{try_number}")
async def get_external_log_url(
    dag_id: str, dag_run_id: str, task_id: str, try_number: int, call: Viewer
) -> Response:
    raise ApiError(400, "Task log handler does not support external logs.")


def _try(
    conn: Connection, call: Call, dag_id: str, run_id: str, task_id: str, map_index: int, number: int
) -> _Try:
    row = the_task(conn, call, dag_id, run_id, task_id, map_index)
    launches = tasks.launches_of_try(conn, task_pk=row.pk, try_number=number)
    is_current = number == row.try_number
    if not launches and not is_current:
        earlier = tasks.tries(conn, tenant_id=call.tenant_id, task_pk=row.pk)
        if all(one.try_number != number for one in earlier):
            raise NotFound("TaskInstance not found")
    keys = tuple(
        LogKey(
            tenant_id=call.tenant_id,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            launch_id=launch.pk,
        )
        for launch in launches
    )
    is_open = any(launch.finished_at is None for launch in launches)
    is_over = not (is_current and (row.state is None or row.state in _MOVING)) and not is_open
    return _Try(keys=keys, remarks=_remarks(row, launches, is_current), is_over=is_over)


def _remarks(row: Row[Any], launches: list[Row[Any]], is_current: bool) -> tuple[tuple[str, Any], ...]:
    remarks = [
        (f"Launch {one.pk} was lost: {one.message or 'no reason is known'}", one.finished_at)
        for one in launches
        if one.outcome == "lost"
    ]
    # Refused by the executor: nobody was there to write a log.
    refused = [one for one in launches if one.outcome == "failed_no_retry" and one.opened_at is None]
    remarks += [(one.message, one.finished_at) for one in refused if one.message]
    if is_current and row.message and not launches:
        remarks.append((row.message, row.end_date))
    return tuple(remarks)


async def _stream(call: Call, found: _Try, place: _Place) -> AsyncIterator[bytes]:
    logs = call.services.logs
    for key in found.keys:
        if key.launch_id < place.launch_id:
            continue
        offset = place.offset if key.launch_id == place.launch_id else 0
        # Only what is there now: a growing log would never end.
        end = await logs.size(key)
        while offset < end:
            chunk = await logs.read(key, offset, min(_CHUNK, end - offset))
            if not chunk:
                break
            offset += len(chunk)
            yield chunk
    if found.is_over and found.remarks:
        yield lines(_remark_lines(found))


async def _end(call: Call, found: _Try) -> _Place:
    if not found.keys:
        return _Place()
    last = found.keys[-1]
    return _Place(launch_id=last.launch_id, offset=await call.services.logs.size(last))


async def _json(call: Call, found: _Try, place: _Place) -> dict[str, Any]:
    """Up to a chunk of whole lines, and the token of what follows."""
    content: list[Any] = []
    logs = call.services.logs
    for key in found.keys:
        if key.launch_id < place.launch_id:
            continue
        offset = place.offset if key.launch_id == place.launch_id else 0
        chunk = await logs.read(key, offset, _CHUNK)
        whole = chunk[: chunk.rfind(b"\n") + 1]
        content += [msgspec.Raw(line) for line in whole.splitlines() if line]
        place = _Place(launch_id=key.launch_id, offset=offset + len(whole))
        if len(chunk) == _CHUNK:
            return {"content": content, "continuation_token": place.token()}
    if not found.is_over:
        return {"content": content, "continuation_token": place.token()}
    return {"content": content + _remark_lines(found), "continuation_token": None}


def _remark_lines(found: _Try) -> list[dict[str, Any]]:
    return [
        {"timestamp": when, "event": text, "level": "error", "logger": "leoflow"}
        for text, when in found.remarks
    ]

"""What running tasks ask for: a unix socket, one JSON object per line each way.

    → {"launch_id": 7, "nonce": "…", "op": "get_variable", "key": "region"}
    ← {"ok": true, "value": "eu"}                or {"ok": false, "error": "…"}

The nonce of a launch is in its folder, which only this user can read; it ties a request to a launch.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leoflow_runtime.agent.control import CallRefused, LaunchGone
from leoflow_runtime.agent.spool import input_json, listen
from leoflow_runtime.agent.supervision import Supervision
from leoflow_runtime.wire import agent_pb2 as wire

# A value set by a task may be large; XCom values are not sent this way.
_LINE_LIMIT = 16 * 1024 * 1024


class RequestInvalid(ValueError):
    """A request that cannot be understood; the text is one sentence."""


class ChildRequests:
    """Answers requests of launches that `find` knows.

    `find` waits for launches that are held but not yet taken over, and raises LookupError for others.
    """

    def __init__(self, find: Callable[[int], Any]) -> None:
        self._find = find
        self._server: asyncio.AbstractServer | None = None

    async def start(self, path: Path) -> None:
        self._server = await asyncio.start_unix_server(self._serve, sock=listen(path), limit=_LINE_LIMIT)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(await self._answer(line) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the task left in the middle of a line, or sent one without end
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> bytes:
        try:
            request = json.loads(line)
            launch = await self._authentic(request)
        except (ValueError, LookupError, TypeError, KeyError) as error:
            return _refusal(str(error) or type(error).__name__)
        launch.requests += 1
        try:
            return await answer(launch, request)
        except (RequestInvalid, LaunchGone, CallRefused) as error:
            return _refusal(str(error))
        except (KeyError, TypeError) as error:
            return _refusal(f"The request {request.get('op')!r} lacks or mistypes {error}.")
        finally:
            launch.requests -= 1

    async def _authentic(self, request: dict[str, Any]) -> Supervision:
        launch: Supervision = await self._find(int(request["launch_id"]))
        if not launch.nonce or not hmac.compare_digest(str(request.get("nonce")), launch.nonce):
            raise RequestInvalid("The request does not carry its launch's nonce.")
        return launch


async def answer(launch: Supervision, request: dict[str, Any]) -> bytes:
    """Asks the control plane on behalf of a task, and gives what the task reads."""
    operation = request["op"]
    call = launch.session.call
    if operation == "pull_xcom":
        reply = await call("PullXCom", _pull(launch.launch_id, request))
        more = b'"more": true, ' if reply.more else b""
        return b'{"ok": true, ' + more + b'"values": [' + b", ".join(map(input_json, reply.values)) + b"]}"
    if operation == "get_variable":
        reply = await call(
            "GetVariable", wire.GetVariableRequest(launch_id=launch.launch_id, key=request["key"])
        )
        launch.mask(reply.secrets)
        return _answer({"value": reply.value if reply.HasField("value") else None})
    if operation == "set_variable":
        await call("SetVariable", _set(launch.launch_id, request))
        return _answer({})
    if operation == "get_connection":
        reply = await call(
            "GetConnection", wire.GetConnectionRequest(launch_id=launch.launch_id, conn_id=request["conn_id"])
        )
        launch.mask(reply.secrets)
        return _answer({"uri": reply.uri if reply.HasField("uri") else None})
    if operation == "set_deferred":
        report = wire.DeferredRequest(
            launch_id=launch.launch_id,
            is_deferred=request["is_deferred"],
            waits_for=request.get("waits_for") or "",
        )
        launch.set_deferred(report.is_deferred)
        reply = await call("ReportDeferred", report)
        if reply.should_stop:
            launch.stop(reply.reason)
        return _answer({})
    if operation == "trigger_run":
        wanted = wire.TriggerRunRequest(launch_id=launch.launch_id, **_given(request))
        reply = await call("TriggerRun", wanted)
        return _answer({name: getattr(reply, name) for name in ("run_id", "already_exists", "refused")})
    if operation == "get_states":
        reply = await call("GetStates", wire.GetStatesRequest(launch_id=launch.launch_id, **_given(request)))
        found = {"dag_exists": reply.dag_exists, "tasks_exist": reply.tasks_exist}
        return _answer({**found, "states": list(reply.states)})
    if operation == "get_latest_window":
        reply = await call("GetLatestWindow", wire.GetLatestWindowRequest(launch_id=launch.launch_id))
        return _answer({"left": reply.left, "right": reply.right})
    raise RequestInvalid(f"There is no request named {operation!r}.")


def _pull(launch_id: int, request: dict[str, Any]) -> wire.PullXComRequest:
    return wire.PullXComRequest(
        launch_id=launch_id,
        task_ids=request.get("task_ids") or [],
        key=request.get("key") or "return_value",
        dag_id=request.get("dag_id") or "",
        run_id=request.get("run_id") or "",
        map_index=request.get("map_index"),
        include_prior_dates=bool(request.get("include_prior_dates")),
        after_map_index=request.get("after_map_index"),
    )


def _given(request: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request that are named as on the wire; one without a value is left out."""
    own = ("launch_id", "nonce", "op")
    return {name: value for name, value in request.items() if name not in own and value is not None}


def _set(launch_id: int, request: dict[str, Any]) -> wire.SetVariableRequest:
    return wire.SetVariableRequest(
        launch_id=launch_id,
        key=request["key"],
        value=request.get("value"),
        description=request.get("description") or "",
    )


def _answer(fields: dict[str, Any]) -> bytes:
    return json.dumps({"ok": True, **fields}).encode()


def _refusal(error: str) -> bytes:
    return json.dumps({"ok": False, "error": error}).encode()

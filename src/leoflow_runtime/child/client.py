"""Asking the agent while a task runs: one JSON line each way over its unix socket."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional

from leoflow_runtime.child import dialect

# The agent may be restarting: so long a request waits for it.
PATIENCE_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class AgentUnreachable(dialect.exceptions.AirflowException):  # type: ignore[misc]
    """Nobody answered for a minute."""


class RequestRefused(dialect.exceptions.AirflowException):  # type: ignore[misc]
    """The agent or the control plane said no; the text is its reason."""


class AgentClient:
    """Requests of one launch. Connects when first asked, and again when the connection is lost."""

    def __init__(
        self,
        launch: Mapping[str, Any],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = launch.get("socket") or ""
        self._identity = {"launch_id": launch.get("launch_id"), "nonce": launch.get("nonce")}
        self._clock = clock
        self._sleep = sleep
        self._stream: Any = None
        self._pid = 0
        self._lock = threading.Lock()

    def pull_xcom(
        self,
        task_ids: List[str],
        key: str,
        *,
        dag_id: str,
        run_id: str,
        map_index: Optional[int],
        include_prior_dates: bool,
    ) -> List[Dict[str, Any]]:
        """Values as the agent gives them: `task_id`, `key`, `map_index`, and `value` unless there is none."""
        wanted: Dict[str, Any] = {
            "task_ids": task_ids,
            "key": key,
            "dag_id": dag_id,
            "run_id": run_id,
            "map_index": map_index,
            "include_prior_dates": include_prior_dates,
        }
        values: List[Dict[str, Any]] = []
        while True:
            answer = self._ask("pull_xcom", **wanted)
            values += answer.get("values") or []
            if not answer.get("more"):
                return values
            # One answer does not hold them all: on from the last.
            last = values[-1]
            wanted["task_ids"] = task_ids[task_ids.index(last["task_id"]) :]
            wanted["after_map_index"] = last["map_index"]

    def get_variable(self, key: str) -> Optional[str]:
        value: Optional[str] = self._ask("get_variable", key=key).get("value")
        return value

    def set_variable(self, key: str, value: Optional[str], description: Optional[str]) -> None:
        self._ask("set_variable", key=key, value=value, description=description or "")

    def get_connection(self, conn_id: str) -> Optional[str]:
        uri: Optional[str] = self._ask("get_connection", conn_id=conn_id).get("uri")
        return uri

    def trigger_run(self, dag_id: str, **wanted: Any) -> Dict[str, Any]:
        """`run_id`, `already_exists`, `refused`: why there is none, or an empty text."""
        return self._ask("trigger_run", dag_id=dag_id, **wanted)

    def get_states(self, dag_id: str, **wanted: Any) -> Dict[str, Any]:
        """`dag_exists`, `tasks_exist` and `states` of a run, or of tasks of it."""
        return self._ask("get_states", dag_id=dag_id, **wanted)

    def get_latest_window(self) -> Dict[str, Any]:
        """`left` and `right`: between the two, this run is the latest. Empty texts: it always is."""
        return self._ask("get_latest_window")

    def say_deferred(self, is_deferred: bool, waits_for: str) -> None:
        """The task waits for a trigger from now on, or works again. Nobody to tell is no failure."""
        try:
            self._ask("set_deferred", is_deferred=is_deferred, waits_for=waits_for)
        except (RequestRefused, AgentUnreachable) as refused:
            logging.getLogger("task").warning(
                "Not shown as %s: %s", "deferred" if is_deferred else "running", refused
            )

    def _ask(self, operation: str, **fields: Any) -> Dict[str, Any]:
        line = json.dumps({**self._identity, "op": operation, **fields}).encode() + b"\n"
        deadline = self._clock() + PATIENCE_SECONDS
        pause = _FIRST_PAUSE
        while True:
            try:
                answer = self._exchange(line)
                break
            except OSError as error:
                self._stream = None
                if not self._path or self._clock() + pause > deadline:
                    raise AgentUnreachable(
                        f"The request {operation!r} found no agent to answer it ({error})."
                    ) from error
                self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        if not answer.get("ok"):
            raise RequestRefused(str(answer.get("error") or f"The request {operation!r} was refused."))
        return answer

    def _exchange(self, line: bytes) -> Dict[str, Any]:
        # A process forked by the task shares the descriptor, and would read the other's answers.
        if self._pid != os.getpid():
            self._stream, self._pid, self._lock = None, os.getpid(), threading.Lock()
        with self._lock:
            if self._stream is None:
                self._stream = self._connect()
            self._stream.write(line)
            self._stream.flush()
            answer = self._stream.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionError("the agent closed the connection")
        parsed: Dict[str, Any] = json.loads(answer)
        return parsed

    def _connect(self) -> Any:
        import socket

        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(self._path)
            return connection.makefile("rwb")
        finally:
            # The file object keeps the descriptor.
            connection.close()

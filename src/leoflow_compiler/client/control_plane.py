"""The operations of a control plane that the commands use, one method each.

Paths and fields are those of Airflow's REST API v2; registering versions is Leoflow's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from leoflow_compiler.client.errors import BadAnswer, NotFound, Refused, WrongCredentials
from leoflow_compiler.client.session import Session

Json = dict[str, Any]
PAGE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class LogPage:
    lines: list[Json]  # `{timestamp, event, level, …}` each
    following: str | None  # where the next page begins; None: the try is over and this was its end


class ControlPlane:
    """Every method raises ClientError."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def server(self) -> str:
        return self._session.server

    def create_token(self, username: str, password: str, *, for_cli: bool) -> str:
        """A token for this user; one for the command line lives as long as the server decides."""
        path = "/auth/token/cli" if for_cli else "/auth/token"
        status, answer = self._session.status_of(
            "POST", path, body={"username": username, "password": password}
        )
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if status in (200, 201) and isinstance(token, str):
            return token
        if status in (401, 403):
            raise WrongCredentials(f"{self.server} does not accept this user name and password")
        if status == 429:
            raise Refused(f"{self.server} has seen too many failed logins; wait a minute")
        raise BadAnswer(f"{self.server} does not hand out tokens (status {status})")

    def push(self, dag_id: str, document: Mapping[str, Any]) -> Json:
        """Registers a version; the answer names version, digest and whether it is new."""
        return self._object(
            "POST",
            f"/api/v2/dags/{_part(dag_id)}/versions",
            what=f"this version of {dag_id!r}",
            body=document,
        )

    def versions(self, dag_id: str) -> Iterator[Json]:
        """The versions of a DAG, the newest first, without their documents; asked for as they are taken."""
        path = f"/api/v2/dags/{_part(dag_id)}/versions"
        yield from self._pages(path, "versions", what=_dag(dag_id), query={"order_by": "-id"})

    def version(self, dag_id: str, version: int | None = None) -> Json:
        """A version with its `document`; None: the current one."""
        name = "current" if version is None else str(version)
        what = f"version {name} of {_dag(dag_id)}"
        return self._object("GET", f"/api/v2/dags/{_part(dag_id)}/versions/{name}", what=what)

    def register_artifact(self, dag_id: str, reference: str) -> Json:
        """Lets the server pull an artifact; the answer is that of `push`."""
        return self._object(
            "POST",
            f"/api/v2/dags/{_part(dag_id)}/versions",
            what=reference,
            body={"reference": reference},
        )

    def roll_back(self, dag_id: str, wanted: str | None) -> Json:
        """Makes an earlier version current: its number, `@DIGEST`, or the one before the current one."""
        what = f"{_dag(dag_id)} with " + (f"version {wanted}" if wanted else "an earlier version")
        path = f"/api/v2/dags/{_part(dag_id)}/rollback"
        return self._object("POST", path, what=what, body={"to": wanted})

    def deployments(self, dag_id: str) -> Iterator[Json]:
        """Each time that a version became current, the latest first; asked for as they are taken."""
        path = f"/api/v2/dags/{_part(dag_id)}/deployments"
        yield from self._pages(path, "deployments", what=_dag(dag_id), query={})

    def channels(self) -> list[Json]:
        answer = self._object("GET", "/api/v2/channels", what="list of channels")
        return _list(answer, "channels", self.server)

    def follow(self, dag_id: str, reference: str) -> Json:
        """Deploys what a tag names now, and follows it: `{channel, registration}`."""
        path = f"/api/v2/dags/{_part(dag_id)}/channel"
        return self._object("PUT", path, what=reference, body={"reference": reference})

    def look(self, dag_id: str) -> Json:
        """The channel after a look at its tag."""
        path = f"/api/v2/dags/{_part(dag_id)}/channel/check"
        return self._object("POST", path, what=f"channel of {_dag(dag_id)}")

    def unfollow(self, dag_id: str) -> None:
        path = f"/api/v2/dags/{_part(dag_id)}/channel"
        self._session.call("DELETE", path, what=f"channel of {_dag(dag_id)}", expect=None)

    def has_connection(self, name: str) -> bool:
        return self._exists(f"/api/v2/connections/{_part(name)}", f"connection {name!r}")

    def has_variable(self, name: str) -> bool:
        return self._exists(f"/api/v2/variables/{_part(name)}", f"variable {name!r}")

    def dags(self) -> Iterator[Json]:
        yield from self._pages("/api/v2/dags", "dags", what="list of DAGs", query={"order_by": "dag_id"})

    def dag(self, dag_id: str) -> Json:
        return self._object("GET", f"/api/v2/dags/{_part(dag_id)}", what=_dag(dag_id))

    def set_paused(self, dag_id: str, paused: bool) -> Json:
        return self._object(
            "PATCH",
            f"/api/v2/dags/{_part(dag_id)}",
            what=_dag(dag_id),
            query={"update_mask": "is_paused"},
            body={"is_paused": paused},
        )

    def delete_dag(self, dag_id: str) -> None:
        self._session.call("DELETE", f"/api/v2/dags/{_part(dag_id)}", what=_dag(dag_id), expect=None)

    def trigger(self, dag_id: str, *, conf: Json, run_id: str | None, logical_date: str | None) -> Json:
        body: Json = {"logical_date": logical_date, "conf": conf}
        if run_id is not None:
            body["dag_run_id"] = run_id
        return self._object("POST", f"/api/v2/dags/{_part(dag_id)}/dagRuns", what=_dag(dag_id), body=body)

    def create_backfill(self, body: Json, *, dry_run: bool) -> Json:
        """The backfill, or with `dry_run` the list of the runs that it would make."""
        path = "/api/v2/backfills/dry_run" if dry_run else "/api/v2/backfills"
        return self._object("POST", path, what=_dag(body["dag_id"]), body=body)

    def backfills(self, dag_id: str | None) -> list[Json]:
        """The newest first."""
        query = {"order_by": "-id"} | ({"dag_id": dag_id} if dag_id is not None else {})
        return list(self._pages("/ui/backfills", "backfills", what="list of backfills", query=query))

    def backfill(self, number: int) -> Json:
        return self._object("GET", f"/api/v2/backfills/{number}", what=f"backfill {number}")

    def backfill_runs(self, number: int) -> Json:
        """`{runs, counts}`."""
        return self._object("GET", f"/api/v2/backfills/{number}/runs", what=f"backfill {number}")

    def change_backfill(self, number: int, action: str) -> Json:
        """`action`: pause, unpause, cancel."""
        return self._object("PUT", f"/api/v2/backfills/{number}/{action}", what=f"backfill {number}")

    def run(self, dag_id: str, run_id: str) -> Json:
        return self._object("GET", _run_path(dag_id, run_id), what=f"run {run_id!r} of {_dag(dag_id)}")

    def runs(self, dag_id: str, *, limit: int) -> list[Json]:
        """The newest first."""
        answer = self._object(
            "GET",
            f"/api/v2/dags/{_part(dag_id)}/dagRuns",
            what=_dag(dag_id),
            query={"limit": limit, "order_by": "-run_after"},
        )
        return _list(answer, "dag_runs", self.server)

    def latest_run(self, dag_id: str) -> Json:
        found = self.runs(dag_id, limit=1)
        if not found:
            raise NotFound(
                f"{_dag(dag_id)} has no runs yet", hint=f"`leoflow runs trigger {dag_id}` makes one"
            )
        return found[0]

    def task_instances(self, dag_id: str, run_id: str) -> list[Json]:
        path = f"{_run_path(dag_id, run_id)}/taskInstances"
        return list(self._pages(path, "task_instances", what=f"run {run_id!r} of {_dag(dag_id)}", query={}))

    def dependencies(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> list[Json]:
        """What a task instance waits for: `{name, reason}` each."""
        index = f"/{map_index}" if map_index >= 0 else ""
        answer = self._object(
            "GET",
            f"{_run_path(dag_id, run_id)}/taskInstances/{_part(task_id)}{index}/dependencies",
            what=f"task {task_id!r} in run {run_id!r}",
        )
        return _list(answer, "dependencies", self.server)

    def log(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        try_number: int,
        map_index: int = -1,
        after: str | None = None,
    ) -> LogPage:
        """The lines of one try from the beginning, or after what an earlier page held."""
        query = {"map_index": map_index} | ({"token": after} if after is not None else {})
        answer = self._object(
            "GET",
            f"{_run_path(dag_id, run_id)}/taskInstances/{_part(task_id)}/logs/{try_number}",
            what=f"try {try_number} of task {task_id!r} in run {run_id!r}",
            query=query,
        )
        lines = _list(answer, "content", self.server)
        records = [line if isinstance(line, dict) else {"event": str(line)} for line in lines]
        following = answer.get("continuation_token")
        return LogPage(lines=records, following=following if isinstance(following, str) else None)

    def _exists(self, path: str, what: str) -> bool:
        try:
            self._object("GET", path, what=what)
        except NotFound:
            return False
        return True

    def _object(self, method: str, path: str, **arguments: Any) -> Json:
        answer: Json = self._session.call(method, path, **arguments)
        return answer

    def _pages(self, path: str, key: str, *, what: str, query: Mapping[str, Any]) -> Iterator[Json]:
        offset = 0
        while True:
            answer = self._object("GET", path, what=what, query={**query, "limit": PAGE, "offset": offset})
            items = _list(answer, key, self.server)
            yield from items
            offset += len(items)
            total = answer.get("total_entries")
            if not items or not isinstance(total, int) or offset >= total:
                return


def _dag(dag_id: str) -> str:
    return f"DAG {dag_id!r}"


def _part(text: str) -> str:
    return quote(text, safe="")


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{_part(dag_id)}/dagRuns/{_part(run_id)}"


def _list(answer: Json, key: str, server: str) -> list[Any]:
    value = answer.get(key)
    if not isinstance(value, list):
        raise BadAnswer(f"{server} does not answer like a Leoflow server (no {key})")
    return value

"""A control plane made of dictionaries: the answers of Airflow's API, from a thread on loopback."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PASSWORD = "correct horse"
TOKEN = "token-of-ann"


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any


@dataclass
class FakeControlPlane:
    """State as tests set it. `on_run_read` may change it each time that a run is looked at."""

    url: str = ""
    dags: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, list[str]] = field(default_factory=dict)
    runs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    instances: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    logs: dict[tuple[str, str, str, int], list[dict[str, Any]]] = field(default_factory=dict)
    waits: dict[str, list[dict[str, str]]] = field(default_factory=dict)  # task, or task[index] -> reasons
    requests: list[Request] = field(default_factory=list)
    on_run_read: Callable[[dict[str, Any]], None] = lambda run: None
    answer_with: tuple[int, bytes] | None = None  # whatever is asked

    def add_dag(self, dag_id: str, **fields: Any) -> None:
        self.dags[dag_id] = {
            "dag_id": dag_id,
            "is_paused": False,
            "tags": [],
            "timetable_summary": None,
            **fields,
        }

    def add_run(self, dag_id: str, run_id: str, state: str, **fields: Any) -> dict[str, Any]:
        run = {"dag_id": dag_id, "dag_run_id": run_id, "state": state, "start_date": None, **fields}
        self.runs[dag_id, run_id] = run
        self.instances.setdefault((dag_id, run_id), [])
        return run

    def add_task(
        self, dag_id: str, run_id: str, task_id: str, state: str, *lines: str, tries: int = 1
    ) -> dict:
        instance = {
            "task_id": task_id,
            "map_index": -1,
            "state": state,
            "try_number": tries,
            "start_date": f"2026-01-01T00:00:0{len(self.instances[dag_id, run_id])}Z" if tries else None,
            "duration": 1.25,
        }
        self.instances[dag_id, run_id].append(instance)
        self.logs[dag_id, run_id, task_id, tries] = [{"event": line, "level": "info"} for line in lines]
        return instance

    # Routes: (method, pattern) -> method of this class, called with the request and the path's parts.

    def answer(self, request: Request, token: str | None) -> tuple[int, Any]:
        for method, pattern, name in ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                if not request.path.startswith("/auth/") and token != TOKEN:
                    return 401, {"detail": "Not authenticated"}
                result: tuple[int, Any] = getattr(self, name)(request, *map(unquote, match.groups()))
                return result
        return 404, {"detail": "Not found"}

    def token(self, request: Request, kind: str | None = None) -> tuple[int, Any]:
        if request.body == {"username": "ann", "password": PASSWORD}:
            return 201, {"access_token": TOKEN if kind is None else f"{TOKEN}-cli"}
        return 401, {"detail": "Invalid credentials"}

    def register(self, request: Request, dag_id: str) -> tuple[int, Any]:
        if request.body["dag_id"] != dag_id:
            return 422, {"detail": [{"loc": ["body", "dag_id"], "msg": "is not the one of the path"}]}
        known = self.versions.setdefault(dag_id, [])
        text = json.dumps(request.body, sort_keys=True)
        created = text not in known
        if created:
            known.append(text)
        number = known.index(text) + 1
        reply = {
            "dag_id": dag_id,
            "version_number": number,
            "dag_version": request.body["dag_version"],
            "content_digest": "sha256:00",
            "created": created,
        }
        return 201 if created else 200, reply

    def list_dags(self, request: Request) -> tuple[int, Any]:
        offset, limit = int(request.query["offset"][0]), min(int(request.query["limit"][0]), 2)
        found = [self.dags[name] for name in sorted(self.dags)]
        return 200, {"dags": found[offset : offset + limit], "total_entries": len(found)}

    def one_dag(self, request: Request, dag_id: str) -> tuple[int, Any]:
        if dag_id not in self.dags:
            return 404, {"detail": f"The Dag with ID: `{dag_id}` was not found"}
        if request.method == "PATCH":
            self.dags[dag_id].update(request.body)
        if request.method == "DELETE":
            del self.dags[dag_id]
            return 204, None
        return 200, self.dags[dag_id]

    def dag_runs(self, request: Request, dag_id: str) -> tuple[int, Any]:
        if dag_id not in self.dags:
            return 404, {"detail": "not found"}
        if request.method == "GET":
            found = [run for (owner, _), run in self.runs.items() if owner == dag_id][::-1]
            return 200, {"dag_runs": found[: int(request.query["limit"][0])], "total_entries": len(found)}
        run_id = request.body.get("dag_run_id") or "manual__1"
        if (dag_id, run_id) in self.runs:
            return 409, {"detail": {"reason": "Unique constraint violation", "orig_error": run_id}}
        return 200, self.add_run(dag_id, run_id, "queued", conf=request.body["conf"])

    def one_run(self, request: Request, dag_id: str, run_id: str) -> tuple[int, Any]:
        run = self.runs.get((dag_id, run_id))
        if run is None:
            return 404, {"detail": "not found"}
        self.on_run_read(run)
        return 200, run

    def task_instances(self, request: Request, dag_id: str, run_id: str) -> tuple[int, Any]:
        found = self.instances[dag_id, run_id]
        return 200, {"task_instances": found, "total_entries": len(found)}

    def dependencies(self, request: Request, dag_id: str, run_id: str, task_id: str) -> tuple[int, Any]:
        return 200, {"dependencies": self.waits.get(task_id, [])}

    def mapped_dependencies(
        self, request: Request, dag_id: str, run_id: str, task_id: str, map_index: str
    ) -> tuple[int, Any]:
        return 200, {"dependencies": self.waits.get(f"{task_id}[{map_index}]", [])}

    def log(self, request: Request, dag_id: str, run_id: str, task_id: str, number: str) -> tuple[int, Any]:
        lines = self.logs.get((dag_id, run_id, task_id, int(number)))
        if lines is None:
            return 404, {"detail": "no log"}
        # Pages of two lines; the token is how many were given out.
        begin = int(request.query.get("token", ["0"])[0])
        end = min(begin + 2, len(lines))
        state = next(i["state"] for i in self.instances[dag_id, run_id] if i["task_id"] == task_id)
        is_over = end == len(lines) and state not in ("running", "queued")
        return 200, {"content": lines[begin:end], "continuation_token": None if is_over else str(end)}


ROUTES = [
    ("POST", r"/auth/token", "token"),
    ("POST", r"/auth/token/(cli)", "token"),
    ("POST", r"/api/v2/dags/([^/]+)/versions", "register"),
    ("GET", r"/api/v2/dags", "list_dags"),
    *((method, r"/api/v2/dags/([^/]+)", "one_dag") for method in ("GET", "PATCH", "DELETE")),
    *((method, r"/api/v2/dags/([^/]+)/dagRuns", "dag_runs") for method in ("GET", "POST")),
    ("GET", r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)", "one_run"),
    ("GET", r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)/taskInstances", "task_instances"),
    ("GET", r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)/taskInstances/([^/]+)/logs/(\d+)", "log"),
    ("GET", r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)/taskInstances/([^/]+)/dependencies", "dependencies"),
    (
        "GET",
        r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)/taskInstances/([^/]+)/(\d+)/dependencies",
        "mapped_dependencies",
    ),
]


@contextmanager
def serving(fake: FakeControlPlane) -> Iterator[FakeControlPlane]:
    """Serves `fake` at a port of the system's choice until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            request = Request(method=self.command, path=parts.path, query=parse_qs(parts.query), body=body)
            fake.requests.append(request)
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
            if fake.answer_with is not None:
                status, data = fake.answer_with
            else:
                status, reply = fake.answer(request, token)
                data = b"" if reply is None else json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

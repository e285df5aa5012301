"""HttpOperator against a server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .task_process import Project


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/status/N` with that status."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        status = int(self.path.rpartition("/")[2]) if self.path.startswith("/status/") else 200
        wanted = {name: self.headers.get(name) for name in ("Authorization", "X-Who", "Content-Type")}
        headers = " ".join(f"{name}={value}" for name, value in wanted.items() if value)
        text = f"{self.command} {self.path} {body} {headers}".strip().encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


def write(project: Project, arguments: str) -> None:
    project.write(
        f"""
        from airflow.sdk import DAG
        from airflow.providers.http.operators.http import HttpOperator
        with DAG("d"):
            HttpOperator(task_id="t", {arguments})
        """
    )


CASES = {
    "an absolute URL needs no connection": (
        "endpoint='http://SERVER/x', method='GET', data={'day': '{{ ds }}'}",
        "GET /x?day=2026-03-01",
    ),
    "a path below the connection": ("endpoint='x/y', method='get'", "GET /x/y  {auth} X-Who=me"),
    "a form": (
        "endpoint='http://SERVER/x', data={'a': 1}",
        "POST /x a=1 Content-Type=application/x-www-form-urlencoded",
    ),
    "a text": (
        "endpoint='http://SERVER/x', method='PUT', data='[1]', headers={'Content-Type': 'application/json'}",
        "PUT /x [1] Content-Type=application/json",
    ),
    "a filter": (
        "endpoint='http://SERVER/x', method='GET', response_filter=lambda r, ds: [r.status_code, ds]",
        [200, "2026-03-01"],
    ),
    "a status that is not looked at": (
        "endpoint='http://SERVER/status/404', method='GET', extra_options={'check_response': False}",
        "GET /status/404",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_requests(name: str, project: Project, server: str) -> None:
    arguments, expected = CASES[name]
    write(project, arguments.replace("SERVER", server))

    ended = project.run("t", connections={"http_default": f"http://user:secret@{server}/http?X-Who=me"})

    if isinstance(expected, str):
        expected = expected.format(auth="Authorization=Basic dXNlcjpzZWNyZXQ=")
    assert ended.xcoms == {"return_value": expected}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("endpoint='http://SERVER/status/503', method='GET'", "AirflowException: 503:Service Unavailable"),
        (
            "endpoint='http://SERVER/x', response_check=lambda response: 'no' in response.text",
            "AirflowException: Response check returned False.",
        ),
        (
            "endpoint='http://127.0.0.1:1/x?token=t', method='GET'",
            "AirflowException: GET http://127.0.0.1:1/x failed: [Errno 111] Connection refused",
        ),
    ],
)
def test_failures(arguments: str, message: str, project: Project, server: str) -> None:
    write(project, arguments.replace("SERVER", server))

    result = project.run("t").result

    assert (result["outcome"], result["message"]) == ("failed", message)


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ("endpoint='http://SERVER/there'", "success"),
        (
            "endpoint='http://SERVER/x', response_check=lambda response, ds: ds in response.text",
            "up_for_reschedule",
        ),
        ("endpoint='http://SERVER/{{ ds }}', response_check=lambda r, ds: ds in r.text", "success"),
        ("endpoint='http://SERVER/status/404'", "up_for_reschedule"),
        ("endpoint='http://SERVER/status/503', response_error_codes_allowlist=['503']", "up_for_reschedule"),
        ("endpoint='http://SERVER/status/500'", "failed"),
    ],
)
def test_a_sensor_waits_for_an_answer(project: Project, server: str, arguments: str, outcome: str) -> None:
    project.write(
        f"""
        from airflow.sdk import DAG
        from airflow.providers.http.sensors.http import HttpSensor
        with DAG("d"):
            HttpSensor(task_id="t", mode="reschedule", {arguments.replace("SERVER", server)})
        """
    )

    assert project.run("t").result["outcome"] == outcome

"""What the control plane says of itself: metrics with bounded labels, logs as JSON or text, readiness."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from leoflow_runtime.domain.states import RunState, TaskState
from leoflow_runtime.engine import Observer
from leoflow_server.observe import Metrics, MetricsEndpoint, set_up_logging


@pytest.fixture
def _untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def asked(endpoint: MetricsEndpoint, path: str) -> tuple[int, str]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    asyncio.run(endpoint({"type": "http", "method": "GET", "path": path}, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


def test_metrics_are_the_engines_observer() -> None:
    metrics = Metrics()
    observer: Observer = metrics
    observer.decision("launch", 3)
    observer.task_transition(None, TaskState.SCHEDULED)
    observer.run_transition(RunState.QUEUED, RunState.RUNNING)
    observer.scheduling_latency(0.01)
    observer.batch(4, 0.005)
    observer.lease(True)
    observer.dispatch_queue(2)
    metrics.request("/api/v2/dags/{dag_id}", "GET", 404, 0.01)

    status, text = asked(MetricsEndpoint(metrics, lambda: None), "/metrics")

    assert status == 200
    for line in (
        'leoflow_planner_decisions_total{kind="launch"} 3.0',
        'leoflow_task_transitions_total{state="scheduled"} 1.0',
        'leoflow_run_transitions_total{state="running"} 1.0',
        "leoflow_planner_is_active 1.0",
        "leoflow_dispatch_queue 2.0",
        'leoflow_http_request_seconds_count{method="GET",route="/api/v2/dags/{dag_id}",status="4xx"} 1.0',
    ):
        assert line in text
    assert "leoflow_build_info" in text


def test_no_metric_is_labelled_by_what_people_name() -> None:
    labels = {
        label
        for metric in Metrics().registry.collect()
        for sample in metric.samples
        for label in sample.labels
    }

    assert not labels & {"dag_id", "task_id", "run_id", "user", "tenant", "path"}


def test_two_control_planes_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.agent_started()

    assert one.registry.get_sample_value("leoflow_agent_starts_total") == 1
    assert other.registry.get_sample_value("leoflow_agent_starts_total") == 0


def test_readiness_says_what_is_missing() -> None:
    reasons = iter(["the engine has not reached the database yet", None])
    endpoint = MetricsEndpoint(Metrics(), lambda: next(reasons))

    assert asked(endpoint, "/ready") == (503, "the engine has not reached the database yet\n")
    assert asked(endpoint, "/ready") == (200, "ready\n")
    assert asked(endpoint, "/live")[0] == 200
    assert asked(endpoint, "/other")[0] == 404


@pytest.mark.usefixtures("_untouched_logging")
def test_a_log_line_is_one_json_object_with_its_fields() -> None:
    out = io.StringIO()
    set_up_logging("json", "info", out)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("leoflow.x").exception("it failed", extra={"launch": 7, "odd": object})
    logging.getLogger("leoflow.x").debug("not shown")

    (line,) = out.getvalue().splitlines()
    read = json.loads(line)
    assert (read["level"], read["logger"], read["event"], read["launch"]) == (
        "error",
        "leoflow.x",
        "it failed",
        7,
    )
    assert "ValueError: broken" in read["error"]
    assert read["timestamp"].endswith("+00:00")


@pytest.mark.usefixtures("_untouched_logging")
def test_text_is_for_people() -> None:
    out = io.StringIO()
    set_up_logging("text", "info", out)
    logging.getLogger("leoflow.x").warning("slow", extra={"seconds": 3})

    assert out.getvalue().endswith("warning slow  seconds=3\n")
    assert sys.stderr is not out


@pytest.mark.usefixtures("_untouched_logging")
def test_addresses_that_open_a_blob_are_not_logged() -> None:
    out = io.StringIO()
    set_up_logging("text", "debug", out)
    for name in ("httpx", "httpcore.http11"):
        logging.getLogger(name).info("HTTP Request: GET https://blobs.example/x?signature=s3cret")

    assert out.getvalue() == ""

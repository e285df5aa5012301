"""A system under measurement. Leoflow and Airflow speak the same REST API, so there is one class."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from benchmarks.processes import cpu_seconds
from benchmarks.workloads import CHAIN, WIDTH


@dataclass(frozen=True, kw_only=True)
class Chain:
    period_ms: float  # from the run's start to its end, by the number of tasks
    cpu_ms_per_task: float


@dataclass(frozen=True, kw_only=True)
class FanOut:
    tasks_per_s: float
    cpu_ms_per_task: float


@dataclass(kw_only=True)
class Subject:
    name: str
    url: str
    token: str
    roots: Callable[[], Iterable[int]]  # process ids whose trees are the whole system
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def get(self, path: str, *, patience: int = 5) -> Any:
        """The answer; a server that is out of breath (5xx) is asked again, a second later."""
        reply = self.client.get(path)
        while reply.is_server_error and patience > 0:
            patience -= 1
            time.sleep(1)
            reply = self.client.get(path)
        reply.raise_for_status()
        return reply.json()

    def wait_for_dag(self, dag_id: str, *, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while self.client.get(f"/api/v2/dags/{dag_id}").status_code != 200:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not know {dag_id} after {seconds:.0f} s")
            time.sleep(0.2)
        self.client.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False}).raise_for_status()

    def trigger(self, dag_id: str) -> str:
        reply = self.client.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None})
        reply.raise_for_status()
        run_id: str = reply.json()["dag_run_id"]
        return run_id

    def finish(self, dag_id: str, run_id: str, *, pause: float = 0.2, seconds: float = 900) -> dict[str, Any]:
        """The run as it ended; asks seldom, so that asking costs little of what is measured."""
        deadline = time.monotonic() + seconds
        while True:
            run: dict[str, Any] = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
            if run["state"] == "success":
                return run
            if run["state"] == "failed" or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}: {dag_id} {run_id} is {run['state']}")
            time.sleep(pause)

    def chain(self) -> Chain:
        before = cpu_seconds(self.roots())
        run = self.finish("bench_chain", self.trigger("bench_chain"))
        used = cpu_seconds(self.roots()) - before
        return Chain(period_ms=1000 * makespan(run) / CHAIN, cpu_ms_per_task=1000 * used / CHAIN)

    def fan_out(self) -> FanOut:
        before = cpu_seconds(self.roots())
        run = self.finish("bench_fan_out", self.trigger("bench_fan_out"), pause=0.5)
        used = cpu_seconds(self.roots()) - before
        return FanOut(tasks_per_s=WIDTH / makespan(run), cpu_ms_per_task=1000 * used / WIDTH)

    def start_ms(self, dag_id: str) -> float:
        """From just before the request until the task's first line ran."""
        asked = time.time()
        run_id = self.trigger(dag_id)
        self.finish(dag_id, run_id)
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/now/xcomEntries/return_value"
        value = self.get(path + "?deserialize=true")["value"]
        return 1000 * (float(value) - asked)


def makespan(run: dict[str, Any]) -> float:
    """Seconds from the run's start to its end, as the system itself recorded them."""
    start, end = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()


def p50(values: Iterable[float]) -> float:
    return statistics.median(values)

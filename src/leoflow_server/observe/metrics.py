"""What is counted. Labels have few values by construction: never a DAG, run, task or user."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LATENCY = (*_FAST, 30.0, 60.0, 300.0, 1800.0)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500)


class Metrics:
    """Counters of one control plane in a registry of its own; also the engine's Observer."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        r = self.registry
        ProcessCollector(registry=r)
        GCCollector(registry=r)
        build = Gauge("leoflow_build_info", "Version of this process.", ["version", "python"], registry=r)
        build.labels(version("leoflow"), platform.python_version()).set(1)
        # The planner
        self._decisions = Counter("leoflow_planner_decisions", "What was decided.", ["kind"], registry=r)
        self._tasks = Counter(
            "leoflow_task_transitions", "Task instances that entered a state.", ["state"], registry=r
        )
        self._runs = Counter("leoflow_run_transitions", "Runs that entered a state.", ["state"], registry=r)
        self._latency = Histogram(
            "leoflow_scheduling_latency_seconds",
            "From the dependencies being met to the order for a launch.",
            buckets=_LATENCY,
            registry=r,
        )
        self._waits = Histogram(
            "leoflow_limit_wait_seconds",
            "How long tasks that are ready waited for a slot.",
            ["limit"],
            buckets=_LATENCY,
            registry=r,
        )
        self._batch_size = Histogram(
            "leoflow_planner_batch_operations",
            "Operations a transaction.",
            buckets=_SIZES,
            registry=r,
        )
        self._batch_seconds = Histogram(
            "leoflow_planner_batch_seconds",
            "A transaction with its commit.",
            buckets=_FAST,
            registry=r,
        )
        self._lease = Gauge("leoflow_planner_is_active", "1 while this replica plans.", registry=r)
        self._lease_changes = Counter("leoflow_planner_lease_changes", "Lease gained or lost.", registry=r)
        self._queue = Gauge("leoflow_dispatch_queue", "Launches that wait to be handed over.", registry=r)
        # The store
        self._group = Histogram(
            "leoflow_store_commit_group", "Transactions per commit.", buckets=_SIZES, registry=r
        )
        # Agents
        self._agent_calls = Histogram(
            "leoflow_agent_call_seconds", "Calls of agents.", ["method", "code"], buckets=_FAST, registry=r
        )
        self._agents = Gauge("leoflow_agents_attached", "Host agents that are attached.", registry=r)
        self._outcomes = Counter("leoflow_launch_outcomes", "How launches ended.", ["outcome"], registry=r)
        self._refused = Counter("leoflow_reports_refused", "Reports of launches that are stale.", registry=r)
        self._log_bytes = Counter("leoflow_log_bytes", "Log bytes made durable.", registry=r)
        self._agent_starts = Counter("leoflow_agent_starts", "Host agents that were started.", registry=r)
        # The API
        self._requests = Histogram(
            "leoflow_http_request_seconds",
            "Requests by route template.",
            ["route", "method", "status"],
            buckets=_FAST,
            registry=r,
        )

    # leoflow_runtime.engine.Observer
    def decision(self, kind: str, count: int = 1) -> None:
        self._decisions.labels(kind).inc(count)

    def task_transition(self, before: str | None, after: str | None) -> None:
        self._tasks.labels(str(after) if after else "none").inc()

    def run_transition(self, before: str, after: str) -> None:
        self._runs.labels(str(after)).inc()

    def scheduling_latency(self, seconds: float) -> None:
        self._latency.observe(seconds)

    def waited(self, limit: str, seconds: float) -> None:
        self._waits.labels(limit.partition(" ")[0]).observe(seconds)  # not which pool: those are many

    def batch(self, operations: int, seconds: float) -> None:
        self._batch_size.observe(operations)
        self._batch_seconds.observe(seconds)

    def lease(self, held: bool) -> None:
        self._lease.set(1 if held else 0)
        self._lease_changes.inc()

    def dispatch_queue(self, depth: int) -> None:
        self._queue.set(depth)

    # Store, agents, API
    def commit_group(self, size: int) -> None:
        self._group.observe(size)

    def agent_call(self, method: str, code: str, seconds: float) -> None:
        self._agent_calls.labels(method, code).observe(seconds)

    def agents_attached(self, change: int) -> None:
        self._agents.inc(change)

    def agent_started(self) -> None:
        self._agent_starts.inc()

    def launch_outcome(self, outcome: str) -> None:
        self._outcomes.labels(outcome).inc()

    def report_refused(self) -> None:
        self._refused.inc()

    def log_bytes(self, count: int) -> None:
        self._log_bytes.inc(count)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """`route` is a template such as `/api/v2/dags/{dag_id}`, never a path as it was asked for."""
        self._requests.labels(route, method, f"{status // 100}xx").observe(seconds)

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody asks."""
        Gauge(f"leoflow_{name}", description, registry=self.registry).set_function(read)

"""What a native launch is about, and what comes of it: values that the executor and its host exchange."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from leoflow_runtime.artifact import TaskSpec
from leoflow_runtime.domain.states import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTimes:
    """A run's moments, as templates and sensors name them."""

    run_id: str
    run_after: datetime
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeTask:
    """One launch. `started_at`: when its try began. `resumed`: a control plane that is gone began it."""

    launch_id: int
    spec: TaskSpec
    times: RunTimes
    zone: str  # the schedule's, in which a time of day is meant
    started_at: datetime
    resumed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The one outcome of a native launch. `value`: what it leaves as its return value (any JSON)."""

    outcome: Outcome
    message: str = ""
    value: Any = None
    again_at: datetime | None = None  # for UP_FOR_RESCHEDULE
    rendered: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpConnection:
    """What of an Airflow connection matters to a request. Secrets are not shown."""

    base: str  # scheme, host and port
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # of its extra


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalTasks:
    """Runs of another DAG at one logical date, or tasks of them (`task_ids`, or all of a group)."""

    dag_id: str
    logical_date: datetime
    task_ids: Collection[str] = ()
    group_id: str | None = None


class ConnectionMissing(Exception):
    """There is no such connection, or it names no host; the text is one sentence."""


class NativeHost(Protocol):
    """What the executor asks of the control plane around it."""

    async def open(self, launch_id: int) -> NativeTask | None:
        """Takes the launch, on record, as running; None where it must not run any more."""

    async def say(self, launch_id: int, level: str, text: str) -> None:
        """A line for the task's log."""

    async def finish(self, launch_id: int, ended: Ended) -> None:
        """Puts the outcome on record; nothing where the launch may not go on any more."""

    async def connection(self, launch_id: int, conn_id: str) -> HttpConnection:
        """Of the DAG's tenant. Raises ConnectionMissing."""

    async def states(self, launch_id: int, of: ExternalTasks) -> list[str | None]:
        """The states of what is looked for: of runs, or of task instances; empty where there are none."""

    async def unfinished(self) -> list[int]:
        """Native launches that were begun and have no end: those of a control plane that is gone."""

"""The seam between planning and running: start a launch, stop one, say what you hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Room for one launch at an agent, under a session that is made already.

    A launch that is inserted with it is open: nobody has to ask for it.
    """

    host: str
    agent_pid: int
    session: str = field(repr=False)
    session_hash: str  # what the record keeps


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchOrder:
    """What an executor needs to start one launch; the rest comes over the agent's wire."""

    launch_id: int
    generation: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    content_digest: str
    image: str | None = None
    resources: dict[str, Any] = field(default_factory=dict)
    execution: dict[str, Any] = field(default_factory=dict)
    executor: str | None = None  # that the task names, as it is written
    run_as_user: str | None = None
    pod_override: Mapping[str, Any] = field(default_factory=dict)  # a part of a Pod, in JSON
    is_native: bool = False  # needs no process: the control plane can do it by itself
    place: Place | None = None  # where it is open already


class LaunchRefused(Exception):
    """This launch can never start here, nor another like it (no image, invalid resources): its task fails.

    Any other exception is something that may pass (an API that is overloaded): the order is given again.
    """

    def __init__(self, launch_id: int, reason: str) -> None:
        self.launch_id = launch_id
        self.reason = reason
        super().__init__(reason)


@runtime_checkable
class TellsObstacles(Protocol):
    """An executor that knows why a launch that it holds has no process yet."""

    def obstacle(self, launch_id: int) -> str | None:
        """One sentence; None: nothing stands in its way, or it does not hold the launch."""


@runtime_checkable
class OffersPlaces(Protocol):
    """An executor whose agents stand by."""

    def places(self) -> Sequence[Place]:
        """For the launches of the next transaction; one that is not spent is offered again."""

    def spend(self, places: Iterable[Place]) -> None:
        """These are on record, or may be: their sessions are nobody else's."""


class Executor(Protocol):
    async def launch(self, order: LaunchOrder) -> None:
        """Starts it, or finds that it is started already (the same launch may be ordered twice).

        Raises LaunchRefused. Returns once the order is accepted, not when the task runs.
        """

    async def cancel(self, launch_id: int, reason: str) -> None:
        """Asks for its end; unknown launches are ignored. The outcome arrives as a report."""

    async def running(self) -> Collection[int] | None:
        """The launches that it holds, finished and unreported ones included; None: not known yet."""

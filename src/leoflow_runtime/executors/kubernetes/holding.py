"""What the executor knows of one pod, and what is to be done about it. Pure; times are monotonic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.kubernetes import causes
from leoflow_runtime.executors.kubernetes.causes import Ending, Obstacle
from leoflow_runtime.executors.kubernetes.settings import KubernetesSettings


@dataclass(slots=True)
class Holding:
    """A launch whose pod is there, or is being made."""

    since: float
    pod: Mapping[str, Any] | None = None  # None: not there yet
    seen_at: float | None = None  # since when it is known to be there
    obstacle: Obstacle | None = None  # the last that was seen
    asked: Ending | None = None  # why we had it deleted
    reported_at: float | None = None  # the agent has said how it ended

    def see(self, pod: Mapping[str, Any], now: float) -> bool:
        """Takes note of a new state; True: it waits for something else than before."""
        self.pod = pod
        self.seen_at = self.seen_at or now
        found = causes.obstacle(pod)
        if found is None:
            return False
        # "Back-off pulling image" says less than the failure before it.
        if self.obstacle is not None and self.obstacle.is_final and not found.is_final:
            return False
        is_new = self.obstacle is None or found.reason != self.obstacle.reason
        self.obstacle = found
        return is_new

    def was_there(self, moment: float) -> bool:
        return self.seen_at is not None and self.seen_at < moment

    def is_waiting(self) -> bool:
        return self.pod is None or self.pod["status"].get("phase") == "Pending"

    def hopeless(self, now: float, settings: KubernetesSettings) -> Ending | None:
        """As what it is given up; None: it is waited for, or it runs."""
        if not self.is_waiting() or self.asked is not None:
            return None
        if self.obstacle is not None and self.obstacle.is_final:
            outcome = Outcome.FAILED_NO_RETRY if self.obstacle.is_lasting else Outcome.LOST
            return Ending(outcome=outcome, reason=self.obstacle.reason)
        if now - self.since < settings.start_seconds:
            return None
        why = self.obstacle.reason if self.obstacle else "Nothing says why"
        late = f"The pod did not start within {settings.start_seconds:.0f} s. {why}"
        return Ending(outcome=Outcome.LOST, reason=late)

    def overstays(self, now: float, settings: KubernetesSettings) -> bool:
        """Its agent has reported long ago, and it still runs."""
        return self.reported_at is not None and now - self.reported_at > settings.leave_seconds

"""What the executor asks of the control plane's record of launches."""

from __future__ import annotations

from typing import Protocol

from leoflow_runtime.domain.states import Outcome


class LaunchRecord(Protocol):
    async def conclude(self, launch_id: int, outcome: Outcome, reason: str) -> None:
        """Puts an end on record, unless one is there already. Returns once it is."""

    async def withdraw(self, launch_id: int) -> bool:
        """From now on no agent is let in under this launch. False: one has been."""

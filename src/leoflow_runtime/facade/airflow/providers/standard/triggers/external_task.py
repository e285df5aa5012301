"""Waiting for runs of another DAG."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.execution_time import backend
from airflow.triggers.base import BaseTrigger, TriggerEvent

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class DagStateTrigger(BaseTrigger):
    """Until each of those runs is in one of those states."""

    def __init__(
        self,
        dag_id: str,
        states: list[str],
        run_ids: list[str] | None = None,
        execution_dates: Any = None,
        poll_interval: float = 5.0,
    ) -> None:
        super().__init__()
        keep(self, locals())

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("dag_id", "states", "run_ids", "execution_dates", "poll_interval")
        path = "airflow.providers.standard.triggers.external_task.DagStateTrigger"
        return path, {name: getattr(self, name) for name in names}

    async def run(self) -> Any:
        import asyncio

        while True:
            found = {run_id: await asyncio.to_thread(self._state, run_id) for run_id in self.run_ids or ()}
            if all(state in self.states for state in found.values()):
                path, data = self.serialize()
                yield TriggerEvent((path, {**data, **found}))
                return
            await asyncio.sleep(self.poll_interval)

    def _state(self, run_id: str) -> str | None:
        states = backend.current().get_states(self.dag_id, run_id=run_id)["states"]
        return states[0] if states else None

"""The machine of `machine.py`, with tasks that have instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leoflow_runtime.domain.states import Outcome, TaskState
from leoflow_runtime.engine.rows import TaskRow

from .machine import Machine, task

Instance = tuple[str, int]


def mapped(task_id: str, *depends_on: str, over: Any, **fields: Any) -> dict[str, Any]:
    """A task mapped over `over`: a task's id, or a literal."""
    value = {"$xcom": over} if isinstance(over, (str, dict)) and not _is_literal(over) else over
    ups = [over] if isinstance(over, str) else []
    return task(task_id, *ups, *depends_on, mapped={"expand": {"x": value}}, **fields)


def _is_literal(over: Any) -> bool:
    return isinstance(over, dict) and not {"zip", "concat", "map", "task_id"} & over.keys()


class MappedMachine(Machine):
    """Instances by (task, map index); a task without instances has -1."""

    def instances(self) -> dict[Instance, TaskRow]:
        run = self.find_run()
        rows = self.store.read_now(lambda tx: tx.tasks(run.pk))
        return {(row.task_id, row.map_index): row for row in rows}

    def shown(self, *task_ids: str) -> dict[Instance, str | None]:
        """State of each instance (of these tasks)."""
        return {
            key: row.state and str(row.state)
            for key, row in sorted(self.instances().items())
            if not task_ids or key[0] in task_ids
        }

    def settle(self) -> None:
        """Until the planner has nothing more to do at this moment."""
        self.wait(0)

    def end(
        self,
        task_id: str,
        map_index: int = -1,
        outcome: Outcome | str = Outcome.SUCCESS,
        *,
        value: Sequence[Any] | dict[str, Any] | int | None = None,
        **report: Any,
    ) -> None:
        """The process of an instance ends. `value`: what it returned."""
        row = self.instances()[task_id, map_index]
        assert row.launch_id is not None, f"{task_id}[{map_index}] was never launched"
        assert row.state in (TaskState.QUEUED, TaskState.RUNNING), row.state
        if value is not None:
            report["xcoms"] = {"return_value": b"1"}
            report["map_length"] = value if isinstance(value, int) else len(value)
        self.report(row.launch_id, outcome, **report)
        self.settle()

    def end_all(self, task_id: str, outcome: Outcome | str = Outcome.SUCCESS, *, value: Any = 1) -> None:
        while waiting := [
            number
            for (name, number), row in sorted(self.instances().items())
            if name == task_id and row.state in (TaskState.QUEUED, TaskState.RUNNING)
        ]:
            for number in waiting:
                self.end(task_id, number, outcome, value=value)

"""What an operation may refuse, with its data.

    OperationRefused
    ├── UnknownDag, UnknownRun, UnknownTask, UnknownState
    ├── NothingRegistered     the DAG has no version to run
    ├── ParamsInvalid         conf does not fit the DAG's params
    ├── RunIdInvalid
    ├── BackfillInvalid, BackfillRunning, BackfillCompleted, UnknownBackfill
    └── NotAllowed            the state of things forbids it

`RunExists` and `LeaseLost` belong to the store's protocol.
"""

from __future__ import annotations

from leoflow_runtime.engine.store import LeaseLost, RunExists


class OperationRefused(Exception):
    """The tree's root: one sentence for people in `str(error)`."""


class UnknownDag(OperationRefused):
    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"The Dag with ID: `{dag_id}` was not found")


class NothingRegistered(OperationRefused):
    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"DAG {dag_id!r} has no registered version")


class UnknownRun(OperationRefused):
    def __init__(self, dag_id: str, run_id: str) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        super().__init__(f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found")


class UnknownTask(OperationRefused):
    def __init__(self, dag_id: str, task_id: str, run_id: str | None = None) -> None:
        self.dag_id = dag_id
        self.task_id = task_id
        self.run_id = run_id
        where = f", run_id: `{run_id}`" if run_id else ""
        super().__init__(f"The task with dag_id: `{dag_id}`{where} and task_id: `{task_id}` was not found")


class UnknownState(OperationRefused):
    def __init__(self, state: str, allowed: tuple[str, ...]) -> None:
        self.state = state
        self.allowed = allowed
        super().__init__(f"{state!r} is not one of {', '.join(allowed)}")


class RunIdInvalid(OperationRefused):
    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"The run_id provided '{run_id}' does not match regex pattern '^[A-Za-z0-9_.~:+-]+$' "
            "or is longer than 250 characters"
        )


class ParamsInvalid(OperationRefused):
    """`problems`: (param, why) for every param that does not fit."""

    def __init__(self, dag_id: str, problems: tuple[tuple[str, str], ...]) -> None:
        self.dag_id = dag_id
        self.problems = problems
        super().__init__("; ".join(f"Invalid input for param {name}: {why}" for name, why in problems))


class NoLogicalDate(OperationRefused):
    """A run without one has no past and no future."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"The run {run_id!r} has no logical date, so nothing is before or after it.")


class NotAllowed(OperationRefused):
    """The state of things forbids it; `reason` says which."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BackfillInvalid(OperationRefused):
    """A range or an option that makes no backfill; `reason` says which."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BackfillRunning(OperationRefused):
    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"There is already a running backfill for dag {dag_id}")


class UnknownBackfill(OperationRefused):
    def __init__(self, pk: int) -> None:
        self.pk = pk
        super().__init__(f"Could not find backfill with id {pk}")


class BackfillCompleted(OperationRefused):
    def __init__(self, pk: int) -> None:
        self.pk = pk
        super().__init__("Backfill is already completed.")


__all__ = [
    "BackfillCompleted",
    "BackfillInvalid",
    "BackfillRunning",
    "LeaseLost",
    "NotAllowed",
    "NothingRegistered",
    "OperationRefused",
    "ParamsInvalid",
    "RunExists",
    "RunIdInvalid",
    "UnknownBackfill",
    "UnknownDag",
    "UnknownRun",
    "UnknownState",
    "UnknownTask",
]

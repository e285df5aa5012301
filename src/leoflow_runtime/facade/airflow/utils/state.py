"""States under their older path, where `str()` gives their values."""

from __future__ import annotations

from enum import Enum

from airflow.sdk.definitions._internal import types


class _Written(str, Enum):
    def __str__(self) -> str:
        return self.value


def _written(name: str, *members: str) -> type[Enum]:
    return _Written(name, {member: member.lower() for member in members}, module=__name__)


_TERMINAL = ("SUCCESS", "FAILED", "SKIPPED", "UPSTREAM_FAILED", "REMOVED")
_BETWEEN = ("SCHEDULED", "QUEUED", "RESTARTING", "UP_FOR_RETRY", "UP_FOR_RESCHEDULE", "DEFERRED")
TaskInstanceState = _written("TaskInstanceState", *(state.name for state in types.TaskInstanceState))
DagRunState = _written("DagRunState", *(state.name for state in types.DagRunState))
TerminalTIState = _written("TerminalTIState", *_TERMINAL)
IntermediateTIState = _written("IntermediateTIState", *_BETWEEN)


class State:
    """The states as constants, and which of them are ends."""

    NONE = None
    finished = frozenset(TaskInstanceState[name] for name in _TERMINAL)
    unfinished = frozenset({None, *TaskInstanceState} - finished)
    failed_states = frozenset({TaskInstanceState["FAILED"], TaskInstanceState["UPSTREAM_FAILED"]})
    success_states = frozenset({TaskInstanceState["SUCCESS"], TaskInstanceState["SKIPPED"]})
    task_states = (None, *TaskInstanceState)
    dag_states = tuple(DagRunState)
    finished_dr_states = frozenset({DagRunState["SUCCESS"], DagRunState["FAILED"]})
    unfinished_dr_states = frozenset(DagRunState) - finished_dr_states


for _state in TaskInstanceState:
    setattr(State, _state.name, _state)

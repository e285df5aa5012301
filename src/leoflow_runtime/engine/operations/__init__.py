"""What people, the API and the agents do to the record: synchronous functions of a transaction.

Each is guarded and announces its change, so that the planner draws the consequences: in the same
transaction where it plans, from the inbox elsewhere. An operation may be run twice before it is
committed once; it must touch nothing but its transaction.
"""

from leoflow_runtime.engine.operations.backfills import (
    cancel_backfill,
    create_backfill,
    planned_backfill,
    set_backfill_paused,
)
from leoflow_runtime.engine.operations.clearing import clear_run, clear_tasks
from leoflow_runtime.engine.operations.launches import (
    Verdict,
    defer_launch,
    finish_launch,
    lose_launch,
    open_launch,
    refuse_launch,
    start_launch,
    stop_reason,
)
from leoflow_runtime.engine.operations.marking import mark_run, mark_task
from leoflow_runtime.engine.operations.notes import set_run_note, set_task_note
from leoflow_runtime.engine.operations.registration import (
    Registered,
    announce_config,
    delete_dag,
    register_version,
    set_paused,
)
from leoflow_runtime.engine.operations.runs import delete_run, delete_task, new_tasks, trigger_run

__all__ = [
    "Registered",
    "Verdict",
    "announce_config",
    "cancel_backfill",
    "clear_run",
    "clear_tasks",
    "create_backfill",
    "defer_launch",
    "delete_dag",
    "delete_run",
    "delete_task",
    "finish_launch",
    "lose_launch",
    "mark_run",
    "mark_task",
    "new_tasks",
    "open_launch",
    "planned_backfill",
    "refuse_launch",
    "register_version",
    "set_backfill_paused",
    "set_paused",
    "set_run_note",
    "set_task_note",
    "start_launch",
    "stop_reason",
    "trigger_run",
]

"""The context of a running task."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


KNOWN_CONTEXT_KEYS = frozenset(
    {
        "conn",
        "dag",
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "exception",
        "expanded_ti_count",
        "inlet_events",
        "inlets",
        "logical_date",
        "macros",
        "map_index_template",
        "outlet_events",
        "outlets",
        "params",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_end_date_success",
        "prev_start_date_success",
        "reason",
        "run_id",
        "start_date",
        "task",
        "task_instance",
        "task_instance_key_str",
        "task_reschedule_count",
        "templates_dict",
        "test_mode",
        "ti",
        "triggering_asset_events",
        "try_number",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "var",
    }
)


class Context(dict):  # type: ignore[type-arg]
    """A dict from the names above to what they stand for."""


_current: Context | None = None


def set_current_context(context: Context | None) -> None:
    """Make a context current; the child does, around the user's code."""
    global _current
    _current = context


def get_current_context() -> Context:
    """The context of the running task. Raises RuntimeError outside one."""
    if _current is None:
        raise RuntimeError(
            "Current context was requested but no context was found! Are you running within an Airflow task?"
        )
    return _current


def context_merge(context: Any, *updates: Any, **more: Any) -> None:
    """Update a context in place."""
    for update in updates:
        context.update(update or {})
    context.update(more)


class DagParsingContext:
    """What is being imported, and what for; nothing is known while a file is only imported."""

    def __init__(self, dag_id: str | None = None, task_id: str | None = None) -> None:
        self.dag_id = dag_id
        self.task_id = task_id


def get_parsing_context() -> DagParsingContext:
    """Always empty: a file builds the same DAG whatever it is imported for."""
    return DagParsingContext()

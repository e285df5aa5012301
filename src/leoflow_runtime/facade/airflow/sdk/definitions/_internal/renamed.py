"""Arguments by the names that they had in Airflow 2. The compiler knows the same table."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

# Old name → new one; None: it means nothing any more.
DAG_ARGUMENTS: dict[str, str | None] = {
    "schedule_interval": "schedule",
    "timetable": "schedule",
    "concurrency": "max_active_tasks",
    "fail_stop": "fail_fast",
    "default_view": None,
    "orientation": None,
    "sla_miss_callback": None,
    "full_filepath": None,
}
TASK_ARGUMENTS: dict[str, str | None] = {
    "task_concurrency": "max_active_tis_per_dag",
    "provide_context": None,
    "sla": None,
    "xcom_push": "do_xcom_push",
}
TRIGGER_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


# Airflow 3 takes these, and does nothing with them.
_TAKEN = frozenset({"sla", "sla_miss_callback"})


def renamed(owner: str, given: dict[str, Any], table: dict[str, str | None]) -> dict[str, Any]:
    """The arguments under their new names; where both are given, the new one counts.

    Raises TypeError where a `try` expects Airflow 3 to.
    """
    if table.keys().isdisjoint(given):
        return given
    old_names = [name for name in given if name in table and name not in _TAKEN]
    if old_names:
        from airflow._protected import is_protected

        if is_protected():
            raise TypeError(f"{owner}.__init__() got an unexpected keyword argument {old_names[0]!r}")
    found = {name: value for name, value in given.items() if name not in table}
    for old, new in table.items():
        if old in given and new is not None:
            found.setdefault(new, given[old])
    return found


def renamed_rule(rule: str) -> str:
    """A trigger rule by its new name. Raises ValueError where a `try` expects Airflow 3 to."""
    if rule not in TRIGGER_RULES:
        return rule
    from airflow._protected import is_protected

    if is_protected():
        raise ValueError(f"The trigger_rule must be one of Airflow's; received {rule!r}.")
    return TRIGGER_RULES[rule]

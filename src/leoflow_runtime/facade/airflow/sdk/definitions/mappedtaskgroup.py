"""A group that is repeated."""

from __future__ import annotations

from airflow.sdk.definitions.taskgroup import TaskGroup

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk.definitions._internal.expandinput import ExpandInput


class MappedTaskGroup(TaskGroup):
    """`@task_group` functions make it, by `.expand(…)` and `.expand_kwargs(…)`."""

    is_mapped = True

    def __init__(self, *, expand_input: ExpandInput, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.expand_input = expand_input

    def __exit__(self, *exc_info: object) -> None:
        for operator, _ in self.expand_input.iter_references():
            self.set_upstream(operator)
        super().__exit__(*exc_info)


def is_in_mapped_group(group: TaskGroup | None) -> bool:
    """Whether the group, or one around it, is mapped."""
    return group is not None and group.mapped_group is not None

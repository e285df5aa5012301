"""Choosing among downstream tasks, and skipping them."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import AirflowException, DownstreamTasksSkipped

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class SkipMixin:
    """Ends a task such that others are skipped."""

    def skip(self, ti: Any, tasks: Iterable[Any]) -> None:
        """Skip these tasks. Raises DownstreamTasksSkipped unless there are none."""
        task_ids = [task.task_id for task in tasks]
        if task_ids:
            raise DownstreamTasksSkipped(tasks=task_ids)

    def skip_all_except(self, ti: Any, branch_task_ids: Any) -> None:
        """Skip the direct downstream tasks, but not these and what comes after them.

        Raises AirflowException for anything but None, ids of tasks of this DAG, or DownstreamTasksSkipped.
        """
        chosen = _chosen(branch_task_ids)
        ti.task.log.info("Following branch %s", sorted(chosen))
        dag = ti.task.dag
        unknown = sorted(chosen - set(dag.task_ids))
        if unknown:
            raise AirflowException(
                f"'branch_task_ids' must contain only valid task_ids. Invalid tasks found: {unknown}."
            )
        for task_id in list(chosen):
            # A task that follows the branch and joins others is not skipped.
            chosen |= dag.get_task(task_id).get_flat_relative_ids()
        self.skip(ti, [task for task in ti.task.downstream_list if task.task_id not in chosen])


def _chosen(branch_task_ids: Any) -> set[str]:
    if branch_task_ids is None:
        return set()
    if isinstance(branch_task_ids, str):
        return {branch_task_ids}
    try:
        chosen = list(branch_task_ids)
    except TypeError:
        raise AirflowException(
            "'branch_task_ids' must be either None, a task ID, or an Iterable of IDs, "
            f"but got {type(branch_task_ids).__name__!r}."
        ) from None
    invalid = sorted({type(item).__name__ for item in chosen if not isinstance(item, str)})
    if invalid:
        raise AirflowException(
            "Unable to branch to the specified tasks: a branching function returns task ids, "
            f"but this one returned a list with elements of type {', '.join(invalid)}."
        )
    return set(chosen)


class BranchMixIn(SkipMixin):
    """Does what a branching function decided."""

    def do_branch(self, context: Any, branches_to_execute: Any) -> Any:
        """Skip what was not chosen; a group stands for its first tasks. Returns what was chosen."""
        if hasattr(branches_to_execute, "__next__"):
            branches_to_execute = list(branches_to_execute)
        ti = context["ti"]
        ids = _chosen(branches_to_execute)
        if any(name in ti.task.dag.task_group_dict for name in ids):
            groups = ti.task.dag.task_group_dict
            expanded: set[str] = set()
            for name in ids:
                expanded |= {task.task_id for task in groups[name].roots} if name in groups else {name}
            ids = expanded
        try:
            self.skip_all_except(ti, None if branches_to_execute is None else sorted(ids))
        except DownstreamTasksSkipped as skipped:
            skipped.result = branches_to_execute
            raise
        return branches_to_execute


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """An operator whose `choose_branch` names the tasks to follow."""

    inherits_from_skipmixin = True

    def choose_branch(self, context: Any) -> Any:
        """One id or several, of tasks or groups directly downstream; None for none."""
        raise NotImplementedError

    def execute(self, context: Any) -> Any:
        return self.do_branch(context, self.choose_branch(context))

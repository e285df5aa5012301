"""A branch that names what is not below it: Airflow fails the branch, or skips all that follows."""

from __future__ import annotations

from collections.abc import Iterator

from leoflow_compiler.checks.branching import choices_of
from leoflow_compiler.checks.subject import Subject
from leoflow_compiler.diagnostics import Diagnostic, Note
from leoflow_compiler.diagnostics.catalogue.checks import BRANCH_TO_NOWHERE
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.models.graph import Dag, Group, Task


def branches_to_nowhere(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each such id."""
    dag = subject.dag
    for task in dag.tasks.values():
        told: set[str] = set()
        for choice in choices_of(task) or ():
            for name in choice.ids:
                targets = targets_of(dag, name)
                if name in told or (targets is not None and any(one in task.downstream for one in targets)):
                    continue
                told.add(name)
                below = ", ".join(f"`{one}`" for one in sorted(task.downstream)) or "nothing"
                if targets is None:
                    message = f"`{task.task_id}` branches to {name!r}, and there is no such task"
                    match = nearest(name, [*dag.tasks, *_group_ids(dag.root)]) or _in_a_group(task, name)
                    advice = f"did you mean {match!r}?" if match else f"below `{task.task_id}` is {below}"
                else:
                    message = f"`{task.task_id}` branches to {name!r}, which is not directly below it"
                    advice = f"write `{task.task_id} >> {name}`; below it is {below}"
                note = Note(message="this branch", span=task.place.span())
                yield Diagnostic(
                    code=BRANCH_TO_NOWHERE,
                    message=message,
                    span=choice.place.span(),
                    notes=(note,),
                    help=advice,
                )


def targets_of(dag: Dag, name: str) -> list[str] | None:
    """The tasks that a branch follows by this id, a group's first ones; None where there is no such id."""
    if name in dag.tasks:
        return [name]
    for group in _groups(dag.root):
        if group.group_id == name:
            return [task.task_id for task in group.roots]
    return None


def _groups(group: Group) -> Iterator[Group]:
    for child in group.children.values():
        if isinstance(child, Group):
            yield child
            yield from _groups(child)


def _group_ids(root: Group) -> list[str]:
    return [group.group_id for group in _groups(root) if group.group_id]


def _in_a_group(task: Task, name: str) -> str | None:
    """The whole id of a task below that is called by its name inside of a group."""
    return next((one for one in sorted(task.downstream) if one.endswith(f".{name}")), None)

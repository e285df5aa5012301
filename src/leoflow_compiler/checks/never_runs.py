"""Tasks that no run ever starts, as the branches above them and their trigger rules stand."""

from __future__ import annotations

from collections.abc import Iterator

from leoflow_compiler.checks.branch_targets import targets_of
from leoflow_compiler.checks.branching import choices_of
from leoflow_compiler.checks.subject import Subject
from leoflow_compiler.diagnostics import Diagnostic, Note
from leoflow_compiler.diagnostics.catalogue.checks import RULE_NEVER_HOLDS, UNREACHABLE_TASK
from leoflow_compiler.models.graph import Dag, Task

_DEFAULT = "all_success"
_ADVISED = "none_failed_min_one_success"


def tasks_that_never_run(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each that stands first; what follows it never runs either, and is not told."""
    from leoflow_compiler.checks.outcomes import that_can_run

    dag = subject.dag
    skips = {task_id: found for task_id, task in dag.tasks.items() if (found := _skips(dag, task))}
    if not skips:
        return
    order = _in_order(dag)
    upstream = {task_id: sorted(task.upstream) for task_id, task in dag.tasks.items()}
    rules = {one["task_id"]: one.get("trigger_rule", _DEFAULT) for one in subject.document["tasks"]}
    runs = that_can_run(order, upstream, rules, skips)
    if runs is None:
        return
    for task_id in order:
        if task_id in runs or any(one not in runs for one in upstream[task_id]):
            continue
        culprits = [
            name
            for name, found in skips.items()
            if task_id not in (that_can_run(order, upstream, rules, {name: found}) or (task_id,))
        ]
        yield _told(dag, dag.tasks[task_id], rules[task_id], culprits)


def _skips(dag: Dag, branch: Task) -> tuple[frozenset[str], ...]:
    """What each choice skips: the tasks directly below, but those that it follows and what follows them."""
    choices = choices_of(branch)
    if choices is None or any(task.mapping is not None for task in branch.downstream.values()):
        return ()
    if branch.operator.kind == "short_circuit":
        return (frozenset(branch.downstream),) if choices else ()
    if any(targets_of(dag, name) is None for choice in choices for name in choice.ids):
        return ()  # which is told, and may be why
    found: dict[frozenset[str], None] = {}
    for ids in [*(choice.ids for choice in choices), ()]:
        followed: set[str] = set()
        for name in ids:
            for target in targets_of(dag, name) or ():
                followed |= {target, *_below(dag.tasks[target])}
        found[frozenset(set(branch.downstream) - followed)] = None
    return tuple(found)


def _below(task: Task) -> set[str]:
    found: set[str] = set()
    pending = [task]
    while pending:
        for task_id, below in pending.pop().downstream.items():
            if task_id not in found:
                found.add(task_id)
                pending.append(below)
    return found


def _in_order(dag: Dag) -> list[str]:
    """Upstream first. The graph has no cycles: the document is checked."""
    waiting = {task_id: len(task.upstream) for task_id, task in dag.tasks.items()}
    order = [task_id for task_id, count in waiting.items() if not count]
    for task_id in order:
        for below in dag.tasks[task_id].downstream:
            waiting[below] -= 1
            if not waiting[below]:
                order.append(below)
    return order


def _told(dag: Dag, task: Task, rule: str, culprits: list[str]) -> Diagnostic:
    branch = next((name for name in culprits if name in task.upstream), None)
    notes = tuple(
        Note(message=f"`{name}` decides", span=dag.tasks[name].place.span()) for name in culprits[:3]
    )
    if branch is not None and len(task.upstream) == 1:
        kind = dag.tasks[branch].operator.kind
        returns = "never returns its id" if kind == "branch" else "always skips what follows"
        advice = f"return {task.task_id!r} somewhere in `{branch}`, or remove the task"
        return Diagnostic(
            code=UNREACHABLE_TASK,
            message=f"task `{task.task_id}` never runs: `{branch}` {returns}",
            span=task.place.span(),
            notes=notes,
            help=advice if kind == "branch" else f"let `{branch}` return True somewhere",
        )
    above = ", ".join(f"`{name}`" for name in sorted(task.upstream))
    who = " and ".join(f"`{name}`" for name in culprits[:3]) or "the branches above"
    return Diagnostic(
        code=RULE_NEVER_HOLDS,
        message=(
            f"task `{task.task_id}` never runs: its trigger rule `{rule}` cannot hold, because {who} "
            f"never lets all of {above} run"
        ),
        span=task.place.span(),
        notes=notes,
        help=f'write `trigger_rule="{_ADVISED}"` for a task that joins branches',
    )

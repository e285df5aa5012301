"""Edges, built as Airflow builds them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leoflow_compiler.diagnostics.catalogue.airflow import NO_DAG
from leoflow_compiler.diagnostics.catalogue.graph import OUTSIDE_DAG
from leoflow_compiler.evaluate.errors import Raised, Refusal
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.values import Opaque, Value

if TYPE_CHECKING:
    from leoflow_compiler.models.graph import Group, Label, Relative, Task


def relatives_of(interpreter: Interpreter, value: Value) -> list[Relative]:
    """One relative or a list of them, as a list. Raises Interruption for anything else."""
    from leoflow_compiler.models.graph import Relative

    found: list[Relative] = []
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, Opaque):
            raise interpreter.structure_needs(item, "what this dependency connects", interpreter.here())
        if not isinstance(item, Relative):
            error = TypeError(f"dependencies connect tasks and groups, not {_kind(item)}")
            raise Raised(error, interpreter.here(), advice=partial(not_related, item))
        found.append(item)
    return found


def _kind(value: Value) -> str:
    name = getattr(value, "factory_name", None)
    if name is not None:
        return f"the function `{name}`"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def not_related(*values: Value) -> str | None:
    """What helps where values that are no tasks stand beside `>>`."""
    for value in values:
        name = getattr(value, "factory_name", None)
        if name is not None:
            return f"call it: `{name}()` makes the task"
    if all(isinstance(value, (list, tuple)) for value in values):
        return "between two lists, write `chain([…], […])` for pairs or `cross_downstream([…], […])` for all"
    if any(value is None for value in values):
        return "a function that makes a task has to return it"
    return None


def relate_task(task: Task, other: Value, *, upstream: bool, label: Label | None = None) -> None:
    interpreter = task.interpreter
    interpreter.structural_event("a dependency exists", interpreter.here())
    others: list[Task] = []
    for relative in relatives_of(interpreter, other):
        relative.related(task, upstream=not upstream, label=label)
        for found in relative.leaves if upstream else relative.roots:
            others.append(_single_task(interpreter, found))
    _share_dag([task, *others], interpreter)
    for found in others:
        first, second = (found, task) if upstream else (task, found)
        connect(first, second, label)


def _single_task(interpreter: Interpreter, value: Relative) -> Task:
    from leoflow_compiler.models.graph import Task

    if not isinstance(value, Task):
        kind = type(value).__name__
        raise Raised(
            TypeError(f"Relationships can only be set between Operators; received {kind}"), interpreter.here()
        )
    return value


def _share_dag(tasks: list[Task], interpreter: Interpreter) -> None:
    """Tasks without a DAG join the one of the others."""
    from leoflow_compiler.models.tasks import add_to_dag

    dags = {id(task.dag): task.dag for task in tasks if task.dag is not None}
    if len(dags) > 1:
        names = " and ".join(f"`{dag.dag_id}`" for dag in dags.values())
        message = f"a dependency connects tasks of two DAGs, {names}"
        advice = "let the one start the other: by an asset, or with `TriggerDagRunOperator`"
        raise Refusal(OUTSIDE_DAG, message, interpreter.here(), help=advice)
    if not dags:
        message = f"`{tasks[0].task_id}` has no DAG, so it cannot have dependencies"
        raise Refusal(NO_DAG, message, interpreter.here())
    dag = next(iter(dags.values()))
    for task in tasks:
        if task.dag is None:
            add_to_dag(task, dag)


def connect(first: Task, second: Task, label: Label | None = None) -> None:
    """One edge."""
    from leoflow_compiler.models.graph import event

    first.downstream[second.task_id] = second
    second.upstream[first.task_id] = first
    assert first.dag is not None
    edge = (first.task_id, second.task_id)
    first.dag.edges.setdefault(edge, first.interpreter.here())
    if label is not None:
        first.dag.labels[edge] = label.text
    event(first.interpreter)


def relate_group(group: Group, other: Value, *, upstream: bool, label: Label | None = None) -> None:
    from leoflow_compiler.models.graph import Group as GroupKind
    from leoflow_compiler.models.graph import Task

    interpreter = group.interpreter
    interpreter.structural_event("a dependency exists", interpreter.here())
    others = relatives_of(interpreter, other)
    leaves = _leaves_or_before(group)
    for relative in others:
        if upstream and not isinstance(relative, GroupKind):
            found = [task.task_id for task in relative.roots if isinstance(task, Task)]
            group.upstream_task_ids.update(dict.fromkeys(found))
    if upstream:
        for task in group.roots:
            relate_task(task, list(others), upstream=True, label=label)
    else:
        for task in leaves:
            relate_task(task, list(others), upstream=False, label=label)


def _leaves_or_before(group: Group) -> list[Task]:
    """The leaves; for an empty group, what comes before it or before the groups around it."""
    current: Group | None = group
    while current is not None:
        leaves = current.leaves
        if leaves:
            return leaves
        if current.upstream_task_ids:
            return [group.dag.tasks[task_id] for task_id in current.upstream_task_ids]
        current = current.parent
    return []


def relate_label(label: Label, other: Value, *, upstream: bool) -> None:
    from leoflow_compiler.models.graph import Label as LabelKind

    interpreter = label.interpreter
    others = relatives_of(interpreter, other)
    for relative in others:
        if isinstance(relative, LabelKind):
            raise Raised(TypeError("Cannot use edge labels with EdgeModifier"), interpreter.here())
    (label.upstream if upstream else label.downstream).extend(others)
    if label.upstream and label.downstream:
        _raise_to_groups(label)
    for node in list(label.downstream if upstream else label.upstream):
        node.relate(list(others), upstream=upstream, label=label)


def _raise_to_groups(label: Label) -> None:
    """Sides in different groups stand for their groups, as in Airflow."""
    from leoflow_compiler.models.graph import Group, Task, XCom

    found: set[str] = set()
    for node in [*label.upstream, *label.downstream]:
        task = node.task if isinstance(node, XCom) else node
        group = task.group if isinstance(task, Task) else task
        if isinstance(group, Group):
            found.add(group.group_id or "root")
    if len(found) == 1:
        return

    def raised(node: Relative) -> Relative:
        inside = isinstance(node, (Task, Group))
        group = node.group if isinstance(node, Task) else node.parent if isinstance(node, Group) else None
        return group if inside and group is not None and group.own_id else node

    label.upstream = [raised(node) for node in label.upstream]
    label.downstream = [raised(node) for node in label.downstream]


def depend_on_outputs(task: Task, value: Value) -> None:
    """Edges from the tasks whose outputs are inside a templated argument."""
    if value is None or isinstance(value, (str, int, float)):
        return  # nearly every argument
    from leoflow_compiler.models.derived import Derived
    from leoflow_compiler.models.graph import Task as TaskKind
    from leoflow_compiler.models.graph import XCom
    from leoflow_compiler.models.mapping import MappedArgument, tasks_within

    if isinstance(value, (XCom, Derived, MappedArgument)):
        for source in list(tasks_within(value)):
            relate_task(task, source, upstream=True)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            depend_on_outputs(task, item)
    elif isinstance(value, dict):
        for item in value.values():
            depend_on_outputs(task, item)
    elif isinstance(value, TaskKind):
        for name in value.operator.templated(value.arguments):
            depend_on_outputs(task, value.arguments.get(name))

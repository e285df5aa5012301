"""Instances of mapped tasks: what one is given, what it is called, and what others may be mapped over."""

from __future__ import annotations

import logging
from typing import Any, Iterator, Mapping, Optional, Sequence

from leoflow_runtime.child import dialect
from leoflow_runtime.child.instance import Instance

NAME_LENGTH = 250
_log = logging.getLogger("task")


class NothingToMapOver(dialect.exceptions.AirflowException):  # type: ignore[misc]
    """A value, or its absence, over which tasks downstream cannot be mapped."""


def instance_of(task: dialect.Operator, ti: Instance, context: Any) -> dialect.Operator:
    """The task that runs: of a mapped one, with the arguments of this instance. `ti` and context know it."""
    if task.is_mapped:
        task = ti.task = context["task"] = task.unmap(context)
    return task


def length_of(task: dialect.Operator, ti: Instance, value: Any) -> Optional[int]:
    """How many items a return value has; None where one cannot go through it.

    Raises NothingToMapOver where a task downstream is mapped over it.
    """
    is_list = isinstance(value, (Sequence, Mapping)) and not isinstance(value, (str, bytes, bytearray))
    if is_list:
        return len(value)
    if ti.map_index < 0:
        dependant = next(_mapped_over(task), None)
        if dependant is not None:
            kind = "nothing" if value is None or not task.do_xcom_push else f"a {type(value).__name__}"
            raise NothingToMapOver(f"{dependant!r} is mapped over this task's output, which is {kind}.")
    return None


def _mapped_over(task: dialect.Operator) -> Iterator[str]:
    """Tasks and groups directly downstream that are mapped over the output of `task`."""
    for task_id in sorted(task.downstream_task_ids):
        below = task.dag.task_dict[task_id]
        group = below.task_group.mapped_group if below.task_group is not None else None
        for one in (below, group):
            if one is not None and one.is_mapped:
                sources = one.expand_input.iter_references()
                if any(operator.task_id == task.task_id for operator, _ in sources):
                    yield one.node_id


def name_of(task: dialect.Operator, context: Any) -> Optional[str]:
    """What the instance is called, by `map_index_template`; that sees what the task put in the context."""
    template = context.get("map_index_template")
    if template is None:
        return None
    try:
        return str(dialect.templater.Templater(task, context).render(template))[:NAME_LENGTH]
    except Exception:
        _log.warning("map_index_template could not be rendered", exc_info=True)
        return None

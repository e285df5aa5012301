"""Functions that link many tasks at once."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk.definitions._internal.mixins import DependencyMixin
from airflow.sdk.definitions.edges import EdgeModifier
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


def chain(*tasks: Any) -> None:
    """Link each element with the next; two lists in a row must have one length and are linked pairwise."""
    for before, after in zip(tasks, tasks[1:]):
        if isinstance(before, DependencyMixin):
            before.set_downstream(after)
        elif isinstance(after, DependencyMixin):
            after.set_upstream(before)
        elif not isinstance(before, Sequence) or not isinstance(after, Sequence):
            raise TypeError(
                f"Chain not supported between instances of {type(before).__name__} and {type(after).__name__}"
            )
        elif len(before) != len(after):
            raise AirflowException(
                f"Chain not supported for different length Iterable. Got {len(before)} and {len(after)}."
            )
        else:
            for first, second in zip(before, after):
                first.set_downstream(second)


def chain_linear(*elements: Any) -> None:
    """Link each element with the next; every task of a list with every task of the next one."""
    if not elements:
        raise ValueError("No tasks provided; nothing to do.")
    previous: Any = None
    linked = False
    for element in elements:
        if isinstance(element, EdgeModifier):
            raise ValueError("Labels are not supported by chain_linear")
        if previous is not None:
            for task in previous:
                task.set_downstream(element)
                linked = True
        previous = [element] if isinstance(element, DependencyMixin) else element
    if not linked:
        raise ValueError("No dependencies were set. Did you forget to expand with `*`?")


def cross_downstream(from_tasks: Sequence[DependencyMixin], to_tasks: Any) -> None:
    """Link every task of the first list with every task of the second."""
    for task in from_tasks:
        task.set_downstream(to_tasks)

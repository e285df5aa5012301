"""What can stand on either side of `>>`."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from airflow.sdk.bases.operator import BaseOperator
    from airflow.sdk.definitions.edges import EdgeModifier


class DependencyMixin:
    """A task, a group, a label or a task's output: it has first and last tasks, and can be linked."""

    @property
    def roots(self) -> Sequence[Any]:
        raise NotImplementedError

    @property
    def leaves(self) -> Sequence[Any]:
        raise NotImplementedError

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        raise NotImplementedError

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        raise NotImplementedError

    def update_relative(
        self, other: Any, upstream: bool = True, edge_modifier: EdgeModifier | None = None
    ) -> None:
        """Told by the other side of a new relation; only groups and labels care."""

    def as_setup(self) -> Any:
        """Mark as setup; the same object. Tasks and their outputs only."""
        raise NotImplementedError

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> Any:
        """Mark as teardown of `setups`, which run before; the same object. Tasks and their outputs only."""
        raise NotImplementedError

    def __rshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return other

    def __lshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return other

    def __rrshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return self

    def __rlshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return self


class ResolveMixin:
    """A value that is known only when the task runs."""

    def iter_references(self) -> Iterator[tuple[BaseOperator, str]]:
        """The tasks (and keys) that the value comes from."""
        raise NotImplementedError

    def resolve(self, context: Any) -> Any:
        """The value, in a running task."""
        raise NotImplementedError

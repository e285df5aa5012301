"""Setup and teardown tasks: the marks, and the `with` blocks that they scope.

The first tasks of a block run after its setups and the last ones before its teardowns; scopes in scopes nest.
The compiler has the same rules.
"""

from __future__ import annotations

from airflow.sdk.definitions._internal.contextmanager import ScopeContext
from airflow.sdk.definitions._internal.mixins import DependencyMixin
from airflow.sdk.definitions._internal.types import TriggerRule
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Tasks = tuple[Any, ...]


def mark_setup(task: Any) -> None:
    """Raises ValueError for a teardown."""
    if task.is_teardown:
        raise ValueError(f"Cannot mark task '{task.task_id}' as setup; task is already a teardown.")
    task.is_setup = True


def mark_teardown(task: Any, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> None:
    """Marks `setups` as well, and makes them run before. Raises ValueError for a setup."""
    if task.is_setup:
        raise ValueError(f"Cannot mark task '{task.task_id}' as teardown; task is already a setup.")
    task.is_teardown = True
    task.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
    if on_failure_fail_dagrun is not None:
        task.on_failure_fail_dagrun = on_failure_fail_dagrun
    for setup in [setups] if isinstance(setups, DependencyMixin) else setups or ():
        for one in setup.roots:
            mark_setup(one)
        setup.set_downstream(task)


class _Slot:
    """The setups (or teardowns) of the open scopes, the innermost in `current`."""

    def __init__(self) -> None:
        self.current: Tasks = ()
        self._outer: list[Tasks] = []

    def push(self, tasks: Tasks) -> None:
        if self.current and self.current != tasks:
            self._outer.append(self.current)
        self.current = tasks

    def pop(self) -> tuple[Tasks, Tasks]:
        """What was innermost, and what is now."""
        old, self.current = self.current, self._outer.pop() if self._outer else ()
        return old, self.current


class Scopes:
    """All open scopes of a file; what `with … as scope` gives."""

    def __init__(self) -> None:
        self.active = False
        self._setups, self._teardowns = _Slot(), _Slot()
        self._implied_setups, self._implied_teardowns = _Slot(), _Slot()
        self._members: dict[Tasks, list[Any]] = {}

    def add_task(self, task: Any) -> None:
        """Take in a task, or the one behind an output. Raises AirflowException outside the block."""
        if not self.active:
            raise AirflowException("Cannot add task to context outside the context manager.")
        self.add(getattr(task, "operator", task))

    def add(self, task: Any) -> None:
        """A task that was made; whether it is a setup or teardown itself may turn out later."""
        if self.active and not task.is_setup and not task.is_teardown:
            for scope in (self._setups.current, self._teardowns.current):
                if scope:
                    self._members.setdefault(scope, []).append(task)

    def enter(self, tasks: Tasks) -> None:
        """Open a scope. Raises ValueError for setups among teardowns."""
        if any(task.is_setup != tasks[0].is_setup for task in tasks):
            raise ValueError("All tasks in the list must be either setup or teardown tasks")
        first = tasks[0]
        if first.is_teardown:
            self._teardowns.push(tasks)
            self._implied_setups.push(_nearest(first, first.upstream_list, lambda task: task.is_setup))
        else:
            self._setups.push(tasks)
            self._implied_teardowns.push(
                _nearest(first, first.downstream_list, lambda task: task.is_teardown)
            )
        self.active = True

    def leave(self) -> None:
        """Connect what was made inside with the scope, and the scope with the one around it."""
        setups, teardowns = self._setups.current, self._teardowns.current
        inside = self._work(setups)
        if inside:
            roots = [task for task in inside if not task.upstream_task_ids]
            _connect(setups, roots or inside[:1])
            leaves = [task for task in inside if not task.downstream_task_ids]
            _connect(teardowns or leaves or inside[-1:], self._implied_teardowns.current)
        inside = self._work(teardowns)
        if inside:
            leaves = [task for task in inside if not task.downstream_task_ids]
            _connect(leaves or inside[-1:], teardowns)
            roots = [task for task in inside if not task.upstream_task_ids]
            _connect(self._implied_setups.current, setups or roots or inside[:1])
        for slot, inner_is_later in (
            (self._setups, True),
            (self._teardowns, False),
            (self._implied_teardowns, False),
            (self._implied_setups, True),
        ):
            inner, outer = slot.pop()
            _connect(*((outer, inner) if inner_is_later else (inner, outer)))
        self._members.pop(setups, None)
        self._members.pop(teardowns, None)
        self.active = False

    def _work(self, scope: Tasks) -> list[Any]:
        inside = self._members.get(scope, ()) if scope else ()
        return [task for task in inside if not task.is_setup and not task.is_teardown]


def _connect(first: Any, second: Any) -> None:
    for after in second:
        if first:
            after.set_upstream(list(first))


def _nearest(start: Any, tasks: list[Any], wanted: Callable[[Any], bool]) -> Tasks:
    """The tasks wanted that are fewest edges away."""
    seen = {start.task_id}
    while tasks:
        found = tuple(task for task in tasks if wanted(task))
        if found:
            return found
        seen.update(task.task_id for task in tasks)
        beside = {near.task_id: near for task in tasks for near in task.downstream_list + task.upstream_list}
        tasks = [near for task_id, near in beside.items() if task_id not in seen]
    return ()


class ContextWrapper(list):  # type: ignore[type-arg]
    """Several setups, or several teardowns, as one scope."""

    def __init__(self, tasks: Any) -> None:
        super().__init__([tasks] if isinstance(tasks, DependencyMixin) else tasks)

    def __enter__(self) -> Scopes:
        return open_scope(tuple(task for one in self for task in one.roots))

    def __exit__(self, *exc_info: object) -> None:
        close_scope()


def open_scope(tasks: Tasks) -> Scopes:
    """Enter the scope of these tasks. Raises RuntimeError unless they are setups or teardowns."""
    if any(not task.is_setup and not task.is_teardown for task in tasks):
        raise RuntimeError("Only setup/teardown tasks can be used as context managers.")
    scopes = ScopeContext.current
    if scopes is None:
        scopes = ScopeContext.current = Scopes()
    scopes.enter(tasks)
    return scopes


def close_scope() -> None:
    """Leave the innermost scope."""
    scopes = ScopeContext.current
    if scopes is not None:
        scopes.leave()

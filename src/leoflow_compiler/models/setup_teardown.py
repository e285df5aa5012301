"""Setup and teardown tasks: the marks, and the `with` blocks that they scope.

The edges of a `with setup() >> teardown():` block are Airflow's own rules: the first tasks of the block run
after the setup, the last ones before the teardown, and nested scopes nest their setups and teardowns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, ModelValue, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.models.graph import Task

TEARDOWN_RULE = "all_done_setup_success"
Tasks = tuple["Task", ...]


def register(models: Models) -> None:
    models.calls["airflow.sdk.setup"] = _setup
    models.calls["airflow.sdk.teardown"] = _teardown
    for name in ("context_wrapper", "ContextWrapper"):
        models.calls[f"airflow.sdk.definitions.decorators.setup_teardown.{name}"] = _wrapped
        models.calls[f"airflow.decorators.setup_teardown.{name}"] = _wrapped


# --- marks


def mark_setup(task: Task, place: Place) -> None:
    if task.is_teardown:
        message = f"Cannot mark task '{task.task_id}' as setup; task is already a teardown."
        raise Raised(ValueError(message), place)
    task.is_setup = True


def mark_teardown(task: Task, place: Place, *, fail_run: Value = None) -> None:
    if task.is_setup:
        message = f"Cannot mark task '{task.task_id}' as teardown; task is already a setup."
        raise Raised(ValueError(message), place)
    task.is_teardown = True
    task.arguments["trigger_rule"] = TEARDOWN_RULE
    if fail_run is not None:
        task.on_failure_fail_dagrun = bool(fail_run)


def as_setup(call: Call, tasks: Tasks, result: Value) -> Value:
    """`.as_setup()`."""
    call.interpreter.structural_event("this is a setup task", call.place)
    for task in tasks:
        mark_setup(task, call.place)
    return result


def as_teardown(call: Call, tasks: Tasks, result: Value) -> Value:
    """`.as_teardown(setups=…, on_failure_fail_dagrun=…)`."""
    from leoflow_compiler.models.edges import relatives_of

    call.interpreter.structural_event("this is a teardown task", call.place)
    setups = call.kwargs.get("setups")
    for task in tasks:
        mark_teardown(task, call.place, fail_run=call.kwargs.get("on_failure_fail_dagrun"))
        for setup in relatives_of(call.interpreter, setups) if setups is not None else ():
            for one in setup.roots:
                mark_setup(one, call.place)
            setup.relate(task, upstream=False)
    return result


def _setup(call: Call) -> Value:
    return _factory(call, call.args[0] if call.args else None).marked("setup")


def _teardown(call: Call) -> Value:
    fail_run = bool(call.kwargs.get("on_failure_fail_dagrun", False))
    if not call.args:
        return _Teardown(fail_run, call.interpreter)
    return _factory(call, call.args[0]).marked("teardown", fail_run=fail_run)


class _Teardown(CallableModel):
    """`@teardown(…)`, waiting for its function."""

    __name__ = "@teardown"

    def __init__(self, fail_run: bool, interpreter: Interpreter) -> None:
        self.fail_run = fail_run
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        return _factory(call, call.args[0] if call.args else None).marked("teardown", fail_run=self.fail_run)


def _factory(call: Call, function: Value) -> Value:
    from leoflow_compiler.models.groups import GroupFactory
    from leoflow_compiler.models.task_decorators import TaskFactory

    if isinstance(function, Function):
        function = call.interpreter.call(call.interpreter.library("airflow.sdk.task"), (function,), {})
    if isinstance(function, GroupFactory):
        raise Raised(ValueError("Task groups cannot be marked as setup or teardown."), call.place)
    if not isinstance(function, TaskFactory):
        raise Raised(TypeError(f"@{call.name} stands above a function or a `@task`"), call.place)
    return function


# --- scopes


class _Slot:
    """The setups (or teardowns) of the open scopes, the innermost in `current`."""

    def __init__(self) -> None:
        self.current: Tasks = ()
        self.outer: list[Tasks] = []

    def push(self, tasks: Tasks) -> None:
        if self.current and self.current != tasks:
            self.outer.append(self.current)
        self.current = tasks

    def pop(self) -> tuple[Tasks, Tasks]:
        """What was innermost, and what is now."""
        old = self.current
        self.current = self.outer.pop() if self.outer else ()
        return old, self.current


class Scopes(ModelValue):
    """All open setup and teardown scopes of a file; what `with … as scope` gives."""

    def __init__(self) -> None:
        self.is_active = False
        self.setups, self.teardowns = _Slot(), _Slot()
        self.implied_setups, self.implied_teardowns = _Slot(), _Slot()
        self.members: dict[Tasks, list[Task]] = {}

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        from leoflow_compiler.models.graph import Method, Task, XCom

        def add(call: Call) -> None:
            task = call.args[0]
            if isinstance(task, XCom):
                task = task.task
            if isinstance(task, Task):
                self.add(task)

        if name == "add_task":
            return Method(name, add, interpreter)
        raise AttributeError(name)

    def add(self, task: Task) -> None:
        """A task that was made inside."""
        if self.is_active and not task.is_setup and not task.is_teardown:
            for scope in (self.setups.current, self.teardowns.current):
                if scope:
                    self.members.setdefault(scope, []).append(task)

    def enter(self, tasks: Tasks, place: Place) -> None:
        if any(not task.is_setup and not task.is_teardown for task in tasks):
            raise Raised(RuntimeError("Only setup/teardown tasks can be used as context managers."), place)
        if any(task.is_setup != tasks[0].is_setup for task in tasks):
            message = "All tasks in the list must be either setup or teardown tasks"
            raise Raised(ValueError(message), place)
        if tasks[0].is_teardown:
            self.teardowns.push(tasks)
            self.implied_setups.push(_nearest(tasks[0], list(tasks[0].upstream.values()), "is_setup"))
        else:
            self.setups.push(tasks)
            self.implied_teardowns.push(_nearest(tasks[0], list(tasks[0].downstream.values()), "is_teardown"))
        self.is_active = True

    def exit(self) -> None:
        """Connects what was made inside with the scope, and the scope with the one around it."""
        setups, teardowns = self.setups.current, self.teardowns.current
        if setups and (inside := self._work(setups)):
            self._after_setup(setups, inside)
        if teardowns and (inside := self._work(teardowns)):
            self._before_teardown(teardowns, inside)
        for slot, after in (
            (self.setups, True),
            (self.teardowns, False),
            (self.implied_teardowns, False),
            (self.implied_setups, True),
        ):
            old, now = slot.pop()
            if old and now:
                _connect(now, old) if after else _connect(old, now)
        self.members.pop(setups, None)
        self.members.pop(teardowns, None)
        self.is_active = False

    def _work(self, scope: Tasks) -> list[Task]:
        return [task for task in self.members.get(scope, []) if not task.is_setup and not task.is_teardown]

    def _after_setup(self, setups: Tasks, inside: list[Task]) -> None:
        roots = [task for task in inside if not task.upstream]
        _connect(setups, tuple(roots or inside[:1]))
        leaves = [task for task in inside if not task.downstream] or inside[-1:]
        _connect(self.teardowns.current or tuple(leaves), self.implied_teardowns.current)

    def _before_teardown(self, teardowns: Tasks, inside: list[Task]) -> None:
        leaves = [task for task in inside if not task.downstream]
        _connect(tuple(leaves or inside[-1:]), teardowns)
        roots = [task for task in inside if not task.upstream] or inside[:1]
        _connect(self.implied_setups.current, self.setups.current or tuple(roots))


def scopes_of(interpreter: Interpreter) -> Scopes:
    scopes: Scopes = interpreter.records.setdefault("setup_scopes", Scopes())
    return scopes


def _connect(first: Tasks, second: Tasks) -> None:
    for after in second:
        if first:
            after.relate(list(first), upstream=True)


def _nearest(start: Task, tasks: list[Task], mark: str) -> Tasks:
    """The tasks with that mark that are fewest edges away."""
    seen: set[int] = {id(start)}
    while tasks:
        found = tuple(task for task in tasks if getattr(task, mark))
        if found:
            return found
        seen.update(map(id, tasks))
        beside = [near for task in tasks for near in (*task.downstream.values(), *task.upstream.values())]
        tasks = [task for task in {id(task): task for task in beside}.values() if id(task) not in seen]
    return ()


class _Wrapped(ModelValue):
    """`context_wrapper([…])`: several setups or teardowns as one scope."""

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks

    def enter(self, interpreter: Interpreter, place: Place) -> Value:
        scopes_of(interpreter).enter(self.tasks, place)
        return scopes_of(interpreter)

    def exit(self, interpreter: Interpreter, place: Place) -> None:
        scopes_of(interpreter).exit()


def _wrapped(call: Call) -> Value:
    from leoflow_compiler.models.edges import relatives_of

    given = call.args[0] if call.args else call.kwargs.get("tasks")
    return _Wrapped(
        tuple(task for relative in relatives_of(call.interpreter, given) for task in relative.roots)
    )

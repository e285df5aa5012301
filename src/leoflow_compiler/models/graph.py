"""DAGs, groups, tasks and their outputs, while the file is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics.catalogue.airflow import UNSUPPORTED_FEATURE
from leoflow_compiler.evaluate.errors import Raised, Refusal
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call
from leoflow_compiler.evaluate.values import CallableModel, ModelValue, Place, Value
from leoflow_compiler.models import edges, setup_teardown

if TYPE_CHECKING:
    from leoflow_compiler.models.mapping import Mapping
    from leoflow_compiler.models.operators import Operator

RETURN_VALUE = "return_value"
# Arguments that an operator keeps in another form than it was given.
_CONVERTED = frozenset(
    {"retry_delay", "max_retry_delay", "start_date", "end_date", "params", "pool", "resources"}
)
# Arguments whose default an instance shows as it is.
_PLAIN_DEFAULTS = frozenset(
    {
        "retries",
        "trigger_rule",
        "queue",
        "pool_slots",
        "depends_on_past",
        "owner",
        "priority_weight",
        "do_xcom_push",
    }
)


_MARKS = ("is_setup", "is_teardown", "on_failure_fail_dagrun")


class Method(CallableModel):
    """A bound method of a model."""

    def __init__(self, name: str, function: Any, interpreter: Interpreter) -> None:
        self.__name__ = name
        self.function = function
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        return self.function(call)


class Relative(ModelValue):
    """What can stand on a side of `>>`: tasks, outputs, groups and labels."""

    structural = True
    methods: tuple[str, ...] = (
        "set_upstream",
        "set_downstream",
        "as_setup",
        "as_teardown",
        "roots",
        "leaves",
    )
    interpreter: Interpreter

    @property
    def roots(self) -> list[Any]:
        """The tasks that an arrow to this reaches."""
        raise NotImplementedError

    @property
    def leaves(self) -> list[Any]:
        """The tasks from which an arrow from this starts."""
        raise NotImplementedError

    def relate(self, other: Value, *, upstream: bool, label: Label | None = None) -> None:
        """Makes `other` (one or a list) upstream or downstream of this."""
        raise NotImplementedError

    def related(self, other: Relative, *, upstream: bool, label: Label | None = None) -> None:
        """Called when this is the other side. Only labels do something then."""

    def __rshift__(self, other: Value) -> Value:
        self.relate(other, upstream=False)
        return other

    def __lshift__(self, other: Value) -> Value:
        self.relate(other, upstream=True)
        return other

    def __rrshift__(self, other: Value) -> Value:
        self.relate(other, upstream=True)
        return self

    def __rlshift__(self, other: Value) -> Value:
        self.relate(other, upstream=False)
        return self

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in ("set_upstream", "set_downstream"):
            return Method(name, self._set_relatives, interpreter)
        if name == "roots":
            return list(self.roots)
        if name == "leaves":
            return list(self.leaves)
        if name in ("as_setup", "as_teardown") and not isinstance(self, Group):
            mark = setup_teardown.as_setup if name == "as_setup" else setup_teardown.as_teardown
            return Method(name, lambda call: mark(call, tuple(self.roots), self), interpreter)
        raise AttributeError(name)

    def _set_relatives(self, call: Call) -> Value:
        arguments = {
            **dict(zip(("task_or_task_list", "edge_modifier"), call.args, strict=False)),
            **call.kwargs,
        }
        others = arguments.get("task_or_task_list", arguments.get("other"))
        label = arguments.get("edge_modifier")
        self.relate(
            others, upstream=call.name == "set_upstream", label=label if isinstance(label, Label) else None
        )
        return None


def _unsupported(call: Call) -> Value:
    raise call.refusal(UNSUPPORTED_FEATURE, f"`.{call.name}(…)` is not supported yet")


class Dag(ModelValue):
    """A DAG. `arguments` are those of its call, as values."""

    structural = True
    class_paths = ("airflow.sdk.DAG",)
    called = "a DAG"
    methods = ("get_task", "has_task", "add_task", "add_tasks", "task", "task_group", "leaves", "roots")

    def __init__(
        self, dag_id: str, arguments: dict[str, Value], place: Place, interpreter: Interpreter
    ) -> None:
        self.dag_id = dag_id
        self.arguments = arguments
        self.place = place
        self.interpreter = interpreter
        self.entered = False
        self.tasks: dict[str, Task] = {}
        self.root = Group(None, None, self, place, interpreter)
        self.used_ids: set[str] = set()
        self.highest_numbers: dict[str, int] = {}  # `f` -> 2, where `f__2` is a task
        # (upstream, downstream) -> where the edge was written first
        self.edges: dict[tuple[str, str], Place] = {}
        self.labels: dict[tuple[str, str], str] = {}

    def add(self, task: Task) -> None:
        """Takes the task in under its id, which no other has."""
        self.tasks[task.task_id] = task
        self.used_ids.add(task.task_id)
        prefix, _, number = task.task_id.rpartition("__")
        if number.isdecimal():
            self.highest_numbers[prefix] = max(int(number), self.highest_numbers.get(prefix, 0))

    @property
    def default_args(self) -> dict[str, Value]:
        found = self.arguments.get("default_args")
        return found if isinstance(found, dict) else {}

    def enter(self, interpreter: Interpreter, place: Place) -> Value:
        self.entered = True
        interpreter.records.setdefault("dag_stack", []).append(self)
        interpreter.records.setdefault("group_stacks", []).append([])
        return self

    def exit(self, interpreter: Interpreter, place: Place) -> None:
        interpreter.records["dag_stack"].pop()
        interpreter.records["group_stacks"].pop()

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        simple = {
            "dag_id": self.dag_id,
            "task_ids": list(self.tasks),
            "tasks": list(self.tasks.values()),
            "task_dict": dict(self.tasks),
            "task_group": self.root,
            "default_args": self.default_args,
            "task_count": len(self.tasks),
            "roots": [task for task in self.tasks.values() if not task.upstream],
            "leaves": [task for task in self.tasks.values() if not task.downstream],
        }
        if name in simple:
            return simple[name]
        if name == "task":
            decorate = interpreter.library("airflow.sdk.task")
            return Method(
                name,
                lambda call: interpreter.call(decorate, call.args, {"dag": self, **call.kwargs}),
                interpreter,
            )
        if name in ("get_task", "has_task"):
            return Method(name, self._get_task, interpreter)
        if name == "param":
            return Method(name, self._param, interpreter)
        if name in (
            "doc_md",
            "description",
            "schedule",
            "start_date",
            "end_date",
            "tags",
            "params",
            "catchup",
        ):
            return self.arguments.get(name, {} if name == "params" else None)
        if name in ("test", "cli", "run", "validate", "add_task", "add_tasks"):
            return Method(name, _unsupported, interpreter)
        raise AttributeError(name)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        if name not in (
            "doc_md",
            "description",
            "tags",
            "params",
            "catchup",
            "max_active_runs",
            "max_active_tasks",
        ):
            raise AttributeError(name)
        self.arguments[name] = value

    def _get_task(self, call: Call) -> Value:
        wanted = call.args[0] if call.args else call.kwargs.get("task_id")
        if call.name == "has_task":
            return wanted in self.tasks
        if wanted in self.tasks:
            return self.tasks[wanted]
        raise Raised(LookupError(f"Task {wanted} not found"), call.place)

    def _param(self, call: Call) -> Value:
        name = call.args[0] if call.args else call.kwargs.get("name")
        if len(call.args) > 1 or "default" in call.kwargs:
            params = self.arguments.setdefault("params", {})
            params[name] = call.args[1] if len(call.args) > 1 else call.kwargs["default"]
        return call.interpreter.opaque(f"the parameter `{name}` is known only when a run starts", call.place)

    def __str__(self) -> str:
        return f"<DAG: {self.dag_id}>"

    __repr__ = __str__


class Group(Relative):
    """A task group; the one without an id is the root of its DAG."""

    class_paths = ("airflow.sdk.TaskGroup",)
    called = "a task group"

    def __init__(
        self,
        own_id: str | None,
        parent: Group | None,
        dag: Dag,
        place: Place,
        interpreter: Interpreter,
        *,
        prefix: bool = True,
        default_args: dict[str, Value] | None = None,
        tooltip: str = "",
        display_name: str = "",
    ) -> None:
        self.own_id = own_id
        self.parent = parent
        self.dag = dag
        self.place = place
        self.interpreter = interpreter
        self.prefix = prefix
        self.default_args = default_args or {}
        self.tooltip = tooltip
        self.display_name = display_name
        self.children: dict[str, Task | Group] = {}
        self.mapping: Mapping | None = None
        self.upstream_task_ids: dict[str, None] = {}

    @property
    def group_id(self) -> str | None:
        if self.own_id and self.parent is not None and self.parent.prefix and self.parent.own_id:
            return self.parent.child_id(self.own_id)
        return self.own_id

    def child_id(self, label: str) -> str:
        group_id = self.group_id
        return f"{group_id}.{label}" if self.prefix and group_id else label

    def tasks(self) -> Iterator[Task]:
        for child in self.children.values():
            if isinstance(child, Group):
                yield from child.tasks()
            else:
                yield child

    @property
    def roots(self) -> list[Task]:
        tasks = list(self.tasks())
        ids = {task.task_id for task in tasks}
        return [task for task in tasks if ids.isdisjoint(task.upstream)]

    @property
    def leaves(self) -> list[Task]:
        """The last tasks; teardowns do not hold up what comes after the group."""
        tasks = list(self.tasks())
        inside = {task.task_id for task in tasks}
        found: list[Task] = []
        for task in tasks:
            if inside.isdisjoint(task.downstream):
                found += _before_teardowns(task, inside) if task.is_teardown else [task]
        return found

    def relate(self, other: Value, *, upstream: bool, label: Label | None = None) -> None:
        edges.relate_group(self, other, upstream=upstream, label=label)

    def related(self, other: Relative, *, upstream: bool, label: Label | None = None) -> None:
        if upstream and not isinstance(other, Group):
            self.upstream_task_ids.update(dict.fromkeys(task.task_id for task in other.roots))

    def enter(self, interpreter: Interpreter, place: Place) -> Value:
        interpreter.records["group_stacks"][-1].append(self)
        return self

    def exit(self, interpreter: Interpreter, place: Place) -> None:
        if self.mapping is not None:
            from leoflow_compiler.models.mapping import tasks_within

            for task in list(tasks_within(self.mapping.value)):
                self.relate(task, upstream=True)
        interpreter.records["group_stacks"][-1].pop()

    @property
    def in_mapped(self) -> bool:
        """Whether this group, or one around it, is mapped."""
        return self.mapping is not None or (self.parent is not None and self.parent.in_mapped)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        simple = {
            "group_id": self.group_id,
            "node_id": self.group_id,
            "label": self.display_name or self.own_id,
            "dag": self.dag,
            "parent_group": self.parent,
            "task_group": self.parent,
            "children": dict(self.children),
            "tooltip": self.tooltip,
            "prefix_group_id": self.prefix,
            "default_args": self.default_args,
            "upstream_join_id": f"{self.group_id}.upstream_join_id",
            "downstream_join_id": f"{self.group_id}.downstream_join_id",
        }
        if name in simple:
            return simple[name]
        if name == "child_id":
            return Method(name, lambda call: self.child_id(*call.args), interpreter)
        if name == "get_child_by_label":
            return Method(name, lambda call: self.children[self.child_id(*call.args)], interpreter)
        if name in ("get_roots", "get_leaves"):
            return Method(
                name, lambda call: iter(self.roots if name == "get_roots" else self.leaves), interpreter
            )
        return super().get_attribute(name, interpreter, place)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        if name == "tooltip" and isinstance(value, str):
            self.tooltip = value
        elif name not in ("ui_color", "ui_fgcolor"):
            raise AttributeError(name)

    def __iter__(self) -> Iterator[Task]:
        return self.tasks()


def _before_teardowns(teardown: Task, inside: set[str]) -> Iterator[Task]:
    """The last tasks of work above a teardown."""
    for task_id, task in teardown.upstream.items():
        if task_id not in inside or (task.is_setup and not task.is_teardown):
            continue
        if task.is_teardown:
            yield from _before_teardowns(task, inside)
            continue
        others = (below for name, below in task.downstream.items() if name != teardown.task_id)
        if not any(below.task_id in inside and not below.is_teardown for below in others):
            yield task


class Task(Relative):
    """An operator instance. `arguments` are those of its call with the defaults of DAG and groups."""

    called = "a task"

    def __init__(
        self,
        task_id: str,
        operator: Operator,
        arguments: dict[str, Value],
        place: Place,
        interpreter: Interpreter,
    ) -> None:
        self.task_id = task_id
        self.operator = operator
        self.arguments = arguments
        self.place = place
        self.interpreter = interpreter
        self.dag: Dag | None = None
        self.group: Group | None = None
        self.is_setup = False
        self.is_teardown = False
        self.on_failure_fail_dagrun = False
        self.mapping: Mapping | None = None
        self.conditions: tuple[str, ...] = ()  # `run_if` and `skip_if`, the innermost first
        self.upstream: dict[str, Task] = {}
        self.downstream: dict[str, Task] = {}
        self.class_paths = operator.class_paths

    @property
    def roots(self) -> list[Task]:
        return [self]

    @property
    def leaves(self) -> list[Task]:
        return [self]

    def relate(self, other: Value, *, upstream: bool, label: Label | None = None) -> None:
        edges.relate_task(self, other, upstream=upstream, label=label)

    def enter(self, interpreter: Interpreter, place: Place) -> Value:
        setup_teardown.scopes_of(interpreter).enter((self,), place)
        return setup_teardown.scopes_of(interpreter)

    def exit(self, interpreter: Interpreter, place: Place) -> None:
        setup_teardown.scopes_of(interpreter).exit()

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        simple: dict[str, Value] = {
            "task_id": self.task_id,
            "node_id": self.task_id,
            "dag": self.dag,
            "task_group": self.group,
            "upstream_task_ids": set(self.upstream),
            "downstream_task_ids": set(self.downstream),
            "upstream_list": list(self.upstream.values()),
            "downstream_list": list(self.downstream.values()),
            "task_type": self.operator.name,
            "label": self.task_id.removeprefix(f"{self.group.group_id}.") if self.group else self.task_id,
        }
        if name in simple:
            return simple[name]
        if name == "output":
            return XCom(self, RETURN_VALUE, interpreter)
        if name in _MARKS:
            return getattr(self, name)
        if name == "dag_id" and self.dag is not None:
            return self.dag.dag_id
        if name in self.arguments and name not in _CONVERTED:
            return self.arguments[name]
        if name in _PLAIN_DEFAULTS and name in self.operator.parameters:
            return self.operator.parameters[name].default
        return super().get_attribute(name, interpreter, place)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        if name in _MARKS:
            interpreter.structural_event("this task is a setup or teardown", place)
            setattr(self, name, bool(value))
            return
        known = self.operator.is_open or name in self.operator.parameters
        if not known or name in ("task_id", "dag", "task_group"):
            raise AttributeError(name)
        self.arguments[name] = value
        if name in self.operator.templated({name: value}):
            edges.depend_on_outputs(self, value)

    def __lt__(self, other: object) -> bool:
        return isinstance(other, Task) and self.task_id < other.task_id

    def __str__(self) -> str:
        return f"<Task({self.operator.name}): {self.task_id}>"

    __repr__ = __str__


class XCom(Relative):
    """One output of a task."""

    class_paths = ("airflow.sdk.XComArg",)
    called = "a task's output"
    methods = (*Relative.methods, "map", "filter", "zip", "concat")

    def __init__(self, task: Task, key: str, interpreter: Interpreter) -> None:
        self.task = task
        self.key = key
        self.interpreter = interpreter

    @property
    def roots(self) -> list[Task]:
        return [self.task]

    @property
    def leaves(self) -> list[Task]:
        return [self.task]

    def relate(self, other: Value, *, upstream: bool, label: Label | None = None) -> None:
        edges.relate_task(self.task, other, upstream=upstream, label=label)

    def enter(self, interpreter: Interpreter, place: Place) -> Value:
        return self.task.enter(interpreter, place)

    def exit(self, interpreter: Interpreter, place: Place) -> None:
        self.task.exit(interpreter, place)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        if name not in _MARKS:
            raise AttributeError(name)
        self.task.set_attribute(name, value, interpreter, place)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        from leoflow_compiler.models.derived import DERIVATIONS, derive

        if name in DERIVATIONS:
            return Method(name, lambda call: derive(self, call), interpreter)
        if name in _MARKS:
            return getattr(self.task, name)
        if name == "operator":
            return self.task
        if name == "key":
            return self.key
        return super().get_attribute(name, interpreter, place)

    def __getitem__(self, key: Value) -> XCom:
        if not isinstance(key, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(key).__name__}")
        return XCom(self.task, key, self.interpreter)

    def __iter__(self) -> Any:
        raise TypeError("'XComArg' object is not iterable")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, XCom) and other.task is self.task and other.key == self.key

    def __hash__(self) -> int:
        return hash((id(self.task), self.key))

    def __str__(self) -> str:
        dag_id = self.task.dag.dag_id if self.task.dag is not None else ""
        pull = f"task_ids='{self.task.task_id}', dag_id='{dag_id}', key='{self.key}'"
        return "{{ task_instance.xcom_pull(" + pull + ") }}"


class Label(Relative):
    """Text on an edge; it waits until both of its sides are known."""

    class_paths = ("airflow.sdk.EdgeModifier", "airflow.sdk.Label")

    def __init__(self, text: str, interpreter: Interpreter) -> None:
        self.text = text
        self.interpreter = interpreter
        self.upstream: list[Relative] = []
        self.downstream: list[Relative] = []

    @property
    def roots(self) -> list[Any]:
        return self.downstream

    @property
    def leaves(self) -> list[Any]:
        return self.upstream

    def relate(self, other: Value, *, upstream: bool, label: Label | None = None) -> None:
        edges.relate_label(self, other, upstream=upstream)

    def related(self, other: Relative, *, upstream: bool, label: Label | None = None) -> None:
        edges.relate_label(self, other, upstream=upstream)


def current_dag(interpreter: Interpreter) -> Dag | None:
    stack: list[Dag] = interpreter.records.get("dag_stack", [])
    return stack[-1] if stack else None


def current_group(interpreter: Interpreter, dag: Dag | None) -> Group | None:
    """The innermost open group, else the root of the DAG."""
    stacks: list[list[Group]] = interpreter.records.get("group_stacks", [])
    if stacks and stacks[-1]:
        return stacks[-1][-1]
    return dag.root if dag is not None else None


def event(interpreter: Interpreter) -> None:
    """Counts changes of the graph."""
    interpreter.records["events"] = interpreter.records.get("events", 0) + 1


def refuse(code: Any, message: str, place: Place, **extra: Any) -> Refusal:
    return Refusal(code, message, place, **extra)

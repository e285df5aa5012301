"""TaskGroup and `@task_group`."""

from __future__ import annotations

import re

from leoflow_compiler.diagnostics.catalogue.airflow import (
    BAD_ID,
    NO_DAG,
    UNKNOWN_ARGUMENT,
)
from leoflow_compiler.diagnostics.catalogue.graph import DUPLICATE_TASK
from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_compiler.evaluate.errors import Raised, Refusal
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, Opaque, Place, Value
from leoflow_compiler.models.graph import Group, Method, current_dag, current_group, event
from leoflow_compiler.models.mapping import METHODS, MappedArgument, Mapping, map_group
from leoflow_compiler.models.tasks import check_default_args

_PARAMETERS = (
    "group_id",
    "group_display_name",
    "prefix_group_id",
    "parent_group",
    "dag",
    "default_args",
    "tooltip",
    "ui_color",
    "ui_fgcolor",
    "add_suffix_on_collision",
)
_GROUP_ID = re.compile(r"^[A-Za-z0-9_\-]{1,200}$")


def register(models: Models) -> None:
    models.calls["airflow.sdk.TaskGroup"] = lambda call: make_group(call, _arguments(call))
    models.calls["airflow.sdk.task_group"] = _decorate


def _arguments(call: Call) -> dict[str, Value]:
    given = {**dict(zip(_PARAMETERS, call.args, strict=False)), **call.kwargs}
    for name in list(given):
        if name not in _PARAMETERS:
            message = f"TaskGroup takes no argument `{name}`"
            advice = did_you_mean(name, _PARAMETERS)
            call.interpreter.report(call.refusal(UNKNOWN_ARGUMENT, message, argument=name, help=advice))
            del given[name]
    return given


def make_group(call: Call, given: dict[str, Value], *, suffix: bool = False) -> Group:
    """A new group. Raises Refusal where it has no DAG or its id is taken."""
    interpreter = call.interpreter
    interpreter.structural_event("this group exists", call.place)
    interpreter.context_event("this group", call.place)
    given = {name: interpreter.settled(value) for name, value in given.items()}
    for name in ("group_id", "prefix_group_id", "parent_group", "dag", "add_suffix_on_collision"):
        if isinstance(given.get(name), Opaque):
            raise interpreter.structure_needs(given[name], f"`{name}` of the group", call.place_of(name))
    own_id = given.get("group_id")
    if not isinstance(own_id, str):
        raise Raised(TypeError("the group_id of a TaskGroup has to be a string"), call.place)
    parent = given.get("parent_group")
    dag = given.get("dag") or (parent.dag if parent is not None else current_dag(interpreter))
    if parent is None:
        parent = current_group(interpreter, current_dag(interpreter)) or (
            dag.root if dag is not None else None
        )
    if dag is None or parent is None:
        raise call.refusal(NO_DAG, f"the group `{own_id}` has no DAG")
    if parent.dag is not dag:
        parent = dag.root
    place = call.place_of("default_args")
    check_default_args(interpreter, given.get("default_args"), place, f"group `{own_id}`")
    group = Group(
        own_id,
        parent,
        dag,
        call.place,
        interpreter,
        prefix=bool(given.get("prefix_group_id", True)),
        default_args={**parent.default_args, **(given.get("default_args") or {})},
        tooltip=_text(given.get("tooltip")),
        display_name=_text(given.get("group_display_name")),
    )
    _settle_id(call, group, suffix or bool(given.get("add_suffix_on_collision", False)))
    parent.children[str(group.group_id)] = group
    used = str(group.group_id)
    dag.used_ids.update((used, f"{used}.upstream_join_id", f"{used}.downstream_join_id"))
    event(interpreter)
    return group


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _settle_id(call: Call, group: Group, suffix: bool) -> None:
    own_id = str(group.own_id)
    if not _GROUP_ID.match(own_id):
        message = f"the group id {own_id!r} is not allowed: use letters, digits, `_` and `-`"
        call.interpreter.report(call.refusal(BAD_ID, message))
    used = group.dag.used_ids
    if str(group.group_id) in used:
        if not suffix:
            raise _duplicate(call, group)
        base = re.split(r"__\d+$", own_id)[0]
        pattern = re.compile(rf"^{re.escape(base)}__(\d+)$")
        taken = sorted(int(match[1]) for match in map(pattern.match, used) if match)
        group.own_id = f"{base}__{taken[-1] + 1}" if taken else f"{own_id}__1"
    assert group.parent is not None
    if str(group.group_id) in group.parent.children:
        raise _duplicate(call, group)


def _duplicate(call: Call, group: Group) -> Refusal:
    return call.refusal(
        DUPLICATE_TASK, f"the id `{group.group_id}` is used twice in DAG `{group.dag.dag_id}`"
    )


def _decorate(call: Call) -> Value:
    function = call.args[0] if call.args else call.kwargs.get("python_callable")
    if callable(function) and not isinstance(function, str):
        return GroupFactory(function, {}, call.interpreter)
    given = _arguments(call)

    def finish(inner: Call) -> Value:
        return GroupFactory(inner.args[0], given, inner.interpreter)

    return Method("@task_group", finish, call.interpreter)


class GroupFactory(CallableModel):
    """A function decorated with `@task_group`: each call makes a group."""

    structural = True

    def __init__(self, function: Value, given: dict[str, Value], interpreter: Interpreter) -> None:
        self.function = function
        self.given = {"group_id": interpreter.describe(function), **given}
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        return self.make(call, tuple(call.args), dict(call.kwargs))

    def make(
        self,
        call: Call,
        args: tuple[Value, ...],
        kwargs: dict[str, Value],
        mapping: Mapping | None = None,
    ) -> Value:
        """One group with what the function puts into it, mapped or not."""
        if isinstance(self.function, Opaque):
            raise call.interpreter.structure_needs(self.function, "what the group contains", call.place)
        group = make_group(call, dict(self.given), suffix=True)
        documentation = self.function.__doc__ if isinstance(self.function, Function) else None
        if documentation and not group.tooltip:
            group.tooltip = documentation
        group.mapping = mapping
        for value in kwargs.values():
            if isinstance(value, MappedArgument) and value.mapping is mapping:
                value.group = group
        group.enter(call.interpreter, call.place)
        try:
            result = call.interpreter.call(self.function, args, kwargs)
        finally:
            group.exit(call.interpreter, call.place)
        return group if result is None else result

    @property
    def factory_name(self) -> str:
        """What to write before the parentheses."""
        return self.interpreter.describe(self.function)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name == "override":
            return Method(
                name,
                lambda call: GroupFactory(self.function, {**self.given, **call.kwargs}, interpreter),
                interpreter,
            )
        if name in METHODS:
            return Method(name, lambda call: map_group(self, {}, call), interpreter)
        if name in ("function", "__wrapped__"):
            return self.function
        if name == "__name__":
            return interpreter.describe(self.function)
        raise AttributeError(name)

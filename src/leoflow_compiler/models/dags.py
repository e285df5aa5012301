"""DAG and `@dag`."""

from __future__ import annotations

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_ID, UNKNOWN_ARGUMENT
from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_compiler.evaluate.binding import bind_parameters
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, Opaque, Place, Value
from leoflow_compiler.models.airflow2 import DAG_ARGUMENTS, renamed_arguments
from leoflow_compiler.models.graph import Dag, Method, event
from leoflow_compiler.models.signature import parameters_of
from leoflow_compiler.models.tasks import ID, check_default_args

_COMPILED = frozenset(
    {
        "dag_id",
        "description",
        "schedule",
        "start_date",
        "end_date",
        "max_active_tasks",
        "max_active_runs",
        "dagrun_timeout",
        "catchup",
        "doc_md",
        "params",
        "is_paused_upon_creation",
        "tags",
        "fail_fast",
        "dag_display_name",
        "default_args",
        "on_success_callback",
        "on_failure_callback",
        "deadline",
        "max_consecutive_failed_dag_runs",
        "render_template_as_native_obj",
        "owner_links",
    }
)
# What these change happens where tasks run, from the file itself, or in the user interface only.
_ACCEPTED = frozenset(
    {
        "template_searchpath",
        "template_undefined",
        "user_defined_macros",
        "user_defined_filters",
        "jinja_environment_kwargs",
        "access_control",
        "allowed_run_types",
        "auto_register",
        "disable_bundle_versioning",
    }
)
_KNOWN = _COMPILED | _ACCEPTED


def register(models: Models) -> None:
    models.calls["airflow.sdk.DAG"] = _dag_call
    models.calls["airflow.sdk.dag"] = _decorate


def _dag_call(call: Call) -> Value:
    given = {**({"dag_id": call.args[0]} if call.args else {}), **call.kwargs}
    if len(call.args) > 1:
        raise Raised(TypeError("DAG takes one positional argument, its dag_id"), call.place)
    return make_dag(call, given)


def make_dag(call: Call, given: dict[str, Value]) -> Dag:
    """A new DAG. Problems of single arguments are reported, and the DAG is there without them."""
    interpreter = call.interpreter
    interpreter.structural_event("this DAG exists", call.place)
    given = {name: interpreter.settled(value) for name, value in given.items()}
    renamed_arguments(call, given, DAG_ARGUMENTS, "DAG")
    for name in list(given):
        if name not in _KNOWN:
            advice = did_you_mean(name, _KNOWN)
            message = f"DAG takes no argument `{name}`"
            interpreter.report(call.refusal(UNKNOWN_ARGUMENT, message, argument=name, help=advice))
            del given[name]
    dag_id = given.pop("dag_id", None)
    place = call.place_of("dag_id")
    if isinstance(dag_id, Opaque):
        raise interpreter.structure_needs(dag_id, "the DAG's id", place)
    if not isinstance(dag_id, str):
        raise Raised(TypeError("DAG() needs a dag_id, which is a string"), place)
    if not ID.match(dag_id):
        message = f"the DAG id {dag_id!r} is not allowed: use letters, digits, `_`, `-` and `.`"
        interpreter.report(call.refusal(BAD_ID, message, argument="dag_id"))
    check_default_args(interpreter, given.get("default_args"), call.place_of("default_args"), "the DAG")
    if isinstance(given.get("default_args"), dict):
        given["default_args"] = dict(given["default_args"])
    if isinstance(given.get("params"), dict):
        given["params"] = dict(given["params"])
    dag = Dag(dag_id, given, call.place, interpreter)
    interpreter.records.setdefault("dags", []).append(dag)
    event(interpreter)
    return dag


def _decorate(call: Call) -> Value:
    given = dict(call.kwargs)
    first = call.args[0] if call.args else None
    if callable(first) and not isinstance(first, str):
        return DagFactory(first, {"dag_id": call.interpreter.describe(first)}, call.interpreter)
    if isinstance(first, (str, Opaque)):
        given.setdefault("dag_id", first)

    def finish(inner: Call) -> Value:
        function = inner.args[0]
        return DagFactory(
            function, {"dag_id": inner.interpreter.describe(function), **given}, inner.interpreter
        )

    return Method("@dag", finish, call.interpreter)


class DagFactory(CallableModel):
    """A function decorated with `@dag`: each call makes a DAG."""

    structural = True

    def __init__(self, function: Value, given: dict[str, Value], interpreter: Interpreter) -> None:
        self.function = function
        self.given = given
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        if not isinstance(self.function, Function):
            place = call.place
            opaque = (
                self.function
                if isinstance(self.function, Opaque)
                else call.interpreter.opaque("the decorated function is not the project's", place)
            )
            raise call.interpreter.structure_needs(opaque, "what the DAG contains", place)
        try:
            bound = bind_parameters(
                self.function.__name__, parameters_of(self.function) or (), call.args, call.kwargs
            )
        except TypeError as error:
            raise Raised(error, call.place) from None
        given = dict(self.given)
        if self.function.__doc__ and not given.get("doc_md"):
            given["doc_md"] = self.function.__doc__
        if bound:
            given["params"] = {**(given.get("params") or {}), **bound}
        dag = make_dag(call, given)
        dag.enter(call.interpreter, call.place)
        try:
            call.interpreter.call(self.function, (), _run_parameters(call, bound))
        finally:
            dag.exit(call.interpreter, call.place)
        return dag

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name == "__name__":
            return interpreter.describe(self.function)
        if name == "__wrapped__":
            return self.function
        raise AttributeError(name)


def _run_parameters(call: Call, bound: dict[str, Value]) -> dict[str, Value]:
    """Inside the function, its parameters stand for values of a run."""
    return {
        name: call.interpreter.opaque(
            f"`{name}` is a parameter of the DAG, known only when a run starts", call.place
        )
        for name in bound
    }

"""Timetables and other objects that are known by their class and arguments alone."""

from __future__ import annotations

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, CallModel, Models
from leoflow_compiler.evaluate.values import ModelValue, Place, Value

# Airflow's own, with the names of the arguments that may be given by position.
_BUILT_IN = {
    "CronTriggerTimetable": ("expression", "timezone"),
    "CronDataIntervalTimetable": ("expression", "timezone"),
    "DeltaTriggerTimetable": ("delta",),
    "DeltaDataIntervalTimetable": ("delta",),
    "EventsTimetable": ("event_dates",),
    "AssetOrTimeSchedule": (),
    "PartitionedAssetTimetable": ("assets",),
    "CronPartitionTimetable": ("cron",),
}
_MODULES = {
    "airflow.timetables.trigger": (
        "CronTriggerTimetable",
        "DeltaTriggerTimetable",
        "MultipleCronTriggerTimetable",
        "CronPartitionTimetable",
    ),
    "airflow.timetables.interval": ("CronDataIntervalTimetable", "DeltaDataIntervalTimetable"),
    "airflow.timetables.events": ("EventsTimetable",),
    "airflow.timetables.assets": ("AssetOrTimeSchedule", "PartitionedAssetTimetable"),
}
_FIXED_DATETIME = "airflow.sdk.DeadlineReference.FIXED_DATETIME"
_AVERAGE_RUNTIME = "airflow.sdk.DeadlineReference.AVERAGE_RUNTIME"
# Suffixes of classes whose instances say something about a DAG without being read.
_SUFFIXES = ("Timetable", "PriorityStrategy", "WeightStrategy", "Mapper")


class Instance(ModelValue):
    """An instance of a class that is not read: its path, and its arguments by name."""

    def __init__(self, path: str, arguments: dict[str, Value], place: Place) -> None:
        self.path = path
        self.arguments = arguments
        self.place = place
        self.class_paths = (path,)

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def is_timetable(self) -> bool:
        return self.name.endswith(("Timetable", "AssetOrTimeSchedule"))

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in self.arguments:
            return self.arguments[name]
        raise AttributeError(name)


def register(models: Models) -> None:
    for name, positional in _BUILT_IN.items():
        models.calls[f"airflow.sdk.{name}"] = _instance(f"airflow.sdk.{name}", positional)
    models.calls["airflow.sdk.MultipleCronTriggerTimetable"] = _several_crons
    models.calls["airflow.sdk.DeadlineAlert"] = _instance(
        "airflow.sdk.DeadlineAlert", ("reference", "interval", "callback")
    )
    models.calls[_FIXED_DATETIME] = _instance(_FIXED_DATETIME, ("dt",))
    models.calls[_AVERAGE_RUNTIME] = _average_runtime
    for module, names in _MODULES.items():
        for name in names:
            models.aliases[f"{module}.{name}"] = f"airflow.sdk.{name}"
    for place in (
        "airflow.timetables.datasets.DatasetOrTimeSchedule",
        "airflow.timetables.assets.AssetOrTimeSchedule",
    ):
        models.aliases[place] = "airflow.sdk.AssetOrTimeSchedule"
    for module in ("airflow.sdk.definitions.deadline", "airflow.sdk.definitions.timetables.trigger"):
        models.module_aliases[module] = "airflow.sdk"


def _instance(path: str, positional: tuple[str, ...]) -> CallModel:
    def make(call: Call) -> Value:
        if len(call.args) > len(positional):
            message = (
                f"{call.name}() takes {len(positional)} positional arguments, {len(call.args)} were given"
            )
            raise Raised(TypeError(message), call.place)
        given = {**dict(zip(positional, call.args, strict=False)), **call.kwargs}
        return Instance(path, given, call.place)

    return make


def _several_crons(call: Call) -> Value:
    arguments = {"crons": list(call.args), **call.kwargs}
    return Instance("airflow.sdk.MultipleCronTriggerTimetable", arguments, call.place)


def _average_runtime(call: Call) -> Value:
    """With the numbers that Airflow takes where none are given."""
    made = _instance(_AVERAGE_RUNTIME, ("max_runs", "min_runs"))(call)
    assert isinstance(made, Instance)
    most = made.arguments.get("max_runs")
    most = 10 if most is None or (type(most) is int and most == 0) else most
    least = made.arguments.get("min_runs")
    least = most if least is None else least
    if type(least) is int and least < 1:
        raise Raised(ValueError("min_runs must be at least 1"), call.place)
    made.arguments = {"max_runs": most, "min_runs": least}
    return made


def instance_of(path: str, base: str, call: Call) -> Value | None:
    """An instance of a class at `path` that derives from `base` (or is it); None: nothing is known of it."""
    if not base.rpartition(".")[2].endswith(_SUFFIXES):
        return None
    positional = {f"argument_{number}": value for number, value in enumerate(call.args, 1)}
    return Instance(path, {**positional, **call.kwargs}, call.place)

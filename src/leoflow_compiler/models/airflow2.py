"""Airflow 2's spellings with one exact meaning in Airflow 3: one table to read, to warn and to fix by."""

from __future__ import annotations

from leoflow_compiler.diagnostics.catalogue.airflow import OLD_SPELLING
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Value
from leoflow_runtime.light import dataclass

_STANDARD = "airflow.providers.standard"
_SDK = "airflow.sdk"

# Old module → where its names are now.
MODULES: dict[str, str] = {
    **{
        f"airflow.operators.{old}": f"{_STANDARD}.operators.{new}"
        for old, new in {
            "bash": "bash",
            "bash_operator": "bash",
            "branch": "branch",
            "branch_operator": "branch",
            "dagrun_operator": "trigger_dagrun",
            "datetime": "datetime",
            "dummy": "empty",
            "dummy_operator": "empty",
            "empty": "empty",
            "smooth": "smooth",
            "latest_only": "latest_only",
            "latest_only_operator": "latest_only",
            "python": "python",
            "python_operator": "python",
            "trigger_dagrun": "trigger_dagrun",
            "weekday": "weekday",
        }.items()
    },
    **{
        f"airflow.sensors.{old}": f"{_STANDARD}.sensors.{new}"
        for old, new in {
            "bash": "bash",
            "bash_sensor": "bash",
            "date_time": "date_time",
            "date_time_sensor": "date_time",
            "external_task": "external_task",
            "external_task_sensor": "external_task",
            "filesystem": "filesystem",
            "python": "python",
            "time_delta": "time_delta",
            "time_delta_sensor": "time_delta",
            "time_sensor": "time",
            "weekday": "weekday",
        }.items()
    },
    "airflow.hooks.base_hook": _SDK,
    "airflow.hooks.filesystem": f"{_STANDARD}.hooks.filesystem",
    "airflow.hooks.subprocess": f"{_STANDARD}.hooks.subprocess",
    "airflow.operators.email": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.email_operator": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.generic_transfer": "airflow.providers.common.sql.operators.generic_transfer",
    "airflow.operators.http_operator": "airflow.providers.http.operators.http",
    "airflow.operators.sql": "airflow.providers.common.sql.operators.sql",
    "airflow.sensors.http_sensor": "airflow.providers.http.sensors.http",
    "airflow.sensors.s3_key_sensor": "airflow.providers.amazon.aws.sensors.s3",
    "airflow.sensors.sql": "airflow.providers.common.sql.sensors.sql",
    "airflow.sensors.sql_sensor": "airflow.providers.common.sql.sensors.sql",
    "airflow.hooks.dbapi": "airflow.providers.common.sql.hooks.sql",
    "airflow.hooks.dbapi_hook": "airflow.providers.common.sql.hooks.sql",
    "airflow.hooks.http_hook": "airflow.providers.http.hooks.http",
    "airflow.hooks.mysql_hook": "airflow.providers.mysql.hooks.mysql",
    "airflow.hooks.postgres_hook": "airflow.providers.postgres.hooks.postgres",
    "airflow.hooks.S3_hook": "airflow.providers.amazon.aws.hooks.s3",
    "airflow.sensors.base": _SDK,
    "airflow.sensors.base_sensor_operator": _SDK,
    "airflow.utils.task_group": _SDK,
    "airflow.utils.edgemodifier": _SDK,
    "airflow.utils.trigger_rule": _SDK,
    "airflow.utils.weight_rule": _SDK,
    "airflow.models.baseoperator": _SDK,
    "airflow.datasets": _SDK,
}
# (Old module, old name) → the new name.
NAMES: dict[tuple[str, str], str] = {
    **{
        (f"airflow.operators.{module}", "DummyOperator"): "EmptyOperator"
        for module in ("dummy", "dummy_operator")
    },
    ("airflow.operators.http_operator", "SimpleHttpOperator"): "HttpOperator",
    ("airflow.providers.http.operators.http", "SimpleHttpOperator"): "HttpOperator",
    **{
        ("airflow.datasets", old): old.replace("Dataset", "Asset")
        for old in ("Dataset", "DatasetAlias", "DatasetAll", "DatasetAny")
    },
}
# Modules that Airflow 3.2 still has, without or with a warning of its own: nothing is said about them here.
_QUIET = frozenset(
    {
        "airflow.utils.task_group",
        "airflow.utils.edgemodifier",
        "airflow.utils.trigger_rule",
        "airflow.utils.weight_rule",
        "airflow.models.baseoperator",
    }
)
# What Airflow 3.2 still has of its packages of operators, sensors and hooks; the rest is gone.
_KEPT = frozenset(
    f"airflow.{package}.{name}"
    for package, names in {
        "operators": "bash branch datetime email empty generic_transfer latest_only python smooth "
        "trigger_dagrun weekday",
        "sensors": "base bash date_time external_task filesystem python time_delta time_sensor weekday",
        "hooks": "base filesystem package_index subprocess",
    }.items()
    for name in names.split()
)
# Gone, and without an equal: another class with other arguments does it.
_REPLACED = {
    **{
        f"airflow.operators.{old}_operator": "SQLExecuteQueryOperator of "
        "`airflow.providers.common.sql.operators.sql`"
        for old in ("jdbc", "mssql", "mysql", "oracle", "postgres", "sqlite")
    },
    "airflow.operators.subdag": "TaskGroup of `airflow.sdk`",
    "airflow.operators.subdag_operator": "TaskGroup of `airflow.sdk`",
    "airflow.timetables.datasets": "AssetOrTimeSchedule of `airflow.timetables.assets`",
}
_GONE_NAMES = frozenset(
    {
        "airflow.utils.dates.days_ago",
        "airflow.utils.decorators.apply_defaults",
        "airflow.utils.helpers.chain",
        "airflow.utils.helpers.cross_downstream",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OldArgument:
    """An argument by another name; `new` None: it means nothing any more."""

    new: str | None
    why: str = ""
    is_taken: bool = False  # Airflow 3.2 takes it, and does nothing with it


DAG_ARGUMENTS = {
    "schedule_interval": OldArgument(new="schedule"),
    "timetable": OldArgument(new="schedule"),
    "concurrency": OldArgument(new="max_active_tasks"),
    "fail_stop": OldArgument(new="fail_fast"),
    "default_view": OldArgument(new=None, why="the view is chosen in the UI"),
    "orientation": OldArgument(new=None, why="the orientation is chosen in the UI"),
    "sla_miss_callback": OldArgument(new=None, why="Airflow 3 has no SLAs; use `deadline`", is_taken=True),
    "full_filepath": OldArgument(new=None, why="the file is known"),
}
TASK_ARGUMENTS = {
    "task_concurrency": OldArgument(new="max_active_tis_per_dag"),
    "provide_context": OldArgument(new=None, why="a function gets what it has parameters for"),
    "sla": OldArgument(new=None, why="Airflow 3 has no SLAs; use `deadline` of the DAG", is_taken=True),
    "xcom_push": OldArgument(new="do_xcom_push"),
}
TRIGGER_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


def register(models: Models) -> None:
    for package in ("operators", "sensors", "hooks"):
        known = {path for path in (*MODULES, *_KEPT) if path.startswith(f"airflow.{package}.")}
        models.closed[f"airflow.{package}"] = frozenset(path.rpartition(".")[2] for path in known)
    for old, new in MODULES.items():
        models.module_aliases[old] = new
    for (module, old), new in NAMES.items():
        models.aliases[f"{module}.{old}"] = f"{MODULES.get(module, module)}.{new}"
    models.calls["airflow.utils.decorators.apply_defaults"] = lambda call: call.args[0] if call.args else None


def spelling_of(module: str) -> str | None:
    """What to import from instead of this module; None where nothing is to be said."""
    return None if module in _QUIET else MODULES.get(module)


def is_gone(path: str) -> bool:
    """Whether Airflow 3.2 has no such module or name, though its meaning is known: a `try` must see that."""
    return path in _GONE_NAMES or (path in MODULES and path not in _KEPT and path not in _QUIET)


def replacement(module: str) -> str | None:
    """What to use instead of a module that is gone and has no exact equal; None for any other."""
    package = module.split(".")[1:2]
    if module in _REPLACED:
        return _REPLACED[module]
    if module.count(".") < 2 or package[0] not in ("operators", "sensors", "hooks"):
        return None
    return (
        None if module in MODULES or module in _KEPT else "the package of the provider, `airflow.providers.…`"
    )


def renamed_rule(call: Call, given: dict[str, Value]) -> None:
    """A trigger rule by its new name, with a warning."""
    rule = given.get("trigger_rule")
    new = TRIGGER_RULES.get(rule) if type(rule) is str else None
    if new is not None:
        if call.interpreter.protected:
            raise Raised(
                ValueError(f"The trigger_rule must be one of Airflow's; received '{rule}'."), call.place
            )
        given["trigger_rule"] = new
        message = f"the trigger rule `{rule}` is Airflow 2's name of `{new}`"
        advice = f"write `trigger_rule={new!r}`"
        call.interpreter.report(call.refusal(OLD_SPELLING, message, argument="trigger_rule", help=advice))


def renamed_arguments(call: Call, given: dict[str, Value], table: dict[str, OldArgument], owner: str) -> None:
    """Puts arguments under their new names, with a warning for each; in `try` they raise, as in Airflow."""
    for old, argument in table.items():
        if old not in given:
            continue
        if call.interpreter.protected and not argument.is_taken:
            message = f"{owner}.__init__() got an unexpected keyword argument '{old}'"
            raise Raised(TypeError(message), call.place_of(old))
        value = given.pop(old)
        if argument.new is None:
            message, advice = (
                f"`{old}` of {owner} has no meaning in Airflow 3",
                f"leave it out: {argument.why}",
            )
        else:
            given.setdefault(argument.new, value)
            message = f"`{old}` of {owner} is Airflow 2's name of `{argument.new}`"
            advice = f"write `{argument.new}=…`"
        if not (old == "sla" and value is None):
            call.interpreter.report(call.refusal(OLD_SPELLING, message, argument=old, help=advice))

"""Airflow's import paths, and what is said about those that are not modelled."""

from __future__ import annotations

import re

from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.models.airflow2 import MODULES, replacement

SDK = "airflow.sdk"
_SDK_MODULES = (
    "airflow.decorators airflow.decorators.base airflow.models airflow.models.dag airflow.models.variable "
    "airflow.models.param airflow.models.baseoperator airflow.models.xcom_arg airflow.models.connection "
    "airflow.sdk.definitions airflow.sdk.definitions.dag airflow.sdk.definitions.decorators "
    "airflow.sdk.definitions.taskgroup airflow.sdk.definitions.param airflow.sdk.definitions.variable "
    "airflow.sdk.definitions.edges airflow.sdk.definitions.xcom_arg airflow.sdk.definitions.context "
    "airflow.sdk.definitions.connection airflow.sdk.definitions.asset airflow.sdk.bases.operator "
    "airflow.sdk.bases.hook airflow.sdk.bases.sensor airflow.sdk.api.datamodels._generated "
    "airflow.utils.task_group airflow.utils.trigger_rule airflow.utils.weight_rule "
    "airflow.utils.edgemodifier "
    "airflow.utils.helpers airflow.providers.common.compat.sdk airflow.assets airflow.hooks.base "
    "airflow.task.trigger_rule airflow.task.weight_rule leoflow"
)
_SDK_NAMES = (
    "AllowedKeyMapper Asset AssetAlias AssetAll AssetAny AssetOrTimeSchedule AssetWatcher AsyncCallback "
    "BaseAsyncOperator BaseBranchOperator BaseHook BaseNotifier BaseOperator BaseOperatorLink "
    "BaseSensorOperator "
    "BaseXCom BranchMixIn ChainMapper Connection Context CronDataIntervalTimetable CronTriggerTimetable "
    "CronPartitionTimetable DAG DagRunState DeadlineAlert DeadlineReference DeltaDataIntervalTimetable "
    "DeltaTriggerTimetable EdgeModifier EventsTimetable IdentityMapper Label Metadata "
    "MultipleCronTriggerTimetable ObjectStoragePath Param ParamsDict PartitionedAssetTimetable "
    "PartitionMapper "
    "PokeReturnValue ProductMapper SecretCache SkipMixin SyncCallback StartOfDayMapper StartOfHourMapper "
    "StartOfMonthMapper StartOfQuarterMapper StartOfWeekMapper StartOfYearMapper TaskGroup TaskInstance "
    "TaskInstanceState TriggerRule Variable WeightRule XComArg asset chain chain_linear conf "
    "cross_downstream dag "
    "get_current_context get_parsing_context literal macros setup task task_group teardown "
    "timezone exceptions definitions bases types io execution_time api configuration log observability yaml"
)
# The packages of Airflow 3.2; providers are all below `providers`.
# Classes and functions of the standard provider's modules, so that a misspelt one is told.
_STANDARD_NAMES = {
    "operators.bash": "BashOperator",
    "operators.branch": "BranchMixIn BaseBranchOperator",
    "operators.datetime": "BranchDateTimeOperator target_times_as_dates",
    "operators.empty": "EmptyOperator",
    "operators.hitl": "HITLOperator ApprovalOperator HITLBranchOperator HITLEntryOperator",
    "operators.latest_only": "LatestOnlyOperator",
    "operators.python": (
        "PythonOperator BranchPythonOperator ShortCircuitOperator PythonVirtualenvOperator "
        "BranchPythonVirtualenvOperator ExternalPythonOperator BranchExternalPythonOperator "
        "get_current_context is_venv_installed"
    ),
    "operators.smooth": "SmoothOperator",
    "operators.trigger_dagrun": "TriggerDagRunOperator TriggerDagRunLink DagIsPaused XCOM_RUN_ID",
    "operators.weekday": "BranchDayOfWeekOperator",
    "sensors.bash": "BashSensor",
    "sensors.date_time": "DateTimeSensor DateTimeSensorAsync",
    "sensors.external_task": "ExternalTaskSensor ExternalTaskMarker ExternalDagLink ExternalTaskSensorLink",
    "sensors.filesystem": "FileSensor",
    "sensors.python": "PythonSensor",
    "sensors.time": "TimeSensor TimeSensorAsync",
    "sensors.time_delta": "TimeDeltaSensor TimeDeltaSensorAsync WaitSensor",
    "sensors.weekday": "DayOfWeekSensor",
}
_PACKAGES = frozenset(
    [
        "_shared",
        "_vendor",
        "api",
        "api_fastapi",
        "assets",
        "callbacks",
        "cli",
        "configuration",
        "config_templates",
        "dag_processing",
        "decorators",
        "example_dags",
        "exceptions",
        "executors",
        "hooks",
        "io",
        "jobs",
        "lineage",
        "listeners",
        "logging",
        "logging_config",
        "macros",
        "metrics",
        "migrations",
        "models",
        "notifications",
        "observability",
        "operators",
        "partition_mappers",
        "plugins_manager",
        "policies",
        "providers",
        "providers_manager",
        "sdk",
        "secrets",
        "security",
        "sensors",
        "serialization",
        "settings",
        "stats",
        "task",
        "ti_deps",
        "timetables",
        "triggers",
        "typing_compat",
        "ui",
        "utils",
        "version",
        "XComArg",
        "DAG",
    ]
)
_VERSION_FLAG = re.compile(r"^AIRFLOW_V_(\d+(?:_\d+)*)_PLUS$")


def register(models: Models) -> None:
    for module in _SDK_MODULES.split():
        models.module_aliases[module] = SDK
    for name in ("DAG", "XComArg"):
        models.aliases[f"airflow.{name}"] = f"{SDK}.{name}"
    models.module_aliases["airflow.utils.timezone"] = f"{SDK}.timezone"
    for module, names in _STANDARD_NAMES.items():
        models.closed[f"airflow.providers.standard.{module}"] = frozenset(names.split())
    models.values["airflow.__version__"] = "3.2.2"
    models.closed[SDK] = frozenset(_SDK_NAMES.split())
    models.closed["leoflow"] = models.closed[SDK]


def version_flag(path: str) -> bool | None:
    """`AIRFLOW_V_3_1_PLUS` and its like, which providers define: what they are in Airflow 3.2.2."""
    found = _VERSION_FLAG.match(path.rpartition(".")[2])
    if found is None:
        return None
    return tuple(int(part) for part in found[1].split("_")) <= (3, 2, 2)


def missing_import(path: str) -> tuple[str, str | None] | None:
    """Message and help for a module that Airflow 3.2 does not have."""
    parts = path.split(".")
    if parts[0] != "airflow" or len(parts) < 2 or path in MODULES:
        return None
    message = f"No module named '{path}'"
    if parts[1] == "contrib":
        return message, "in Airflow 3, use the package of the provider, `airflow.providers.…`"
    if parts[1] not in _PACKAGES:
        match = nearest(parts[1], _PACKAGES)
        return message, f"did you mean `airflow.{match}`?" if match else None
    moved = replacement(path)
    return (message, f"in Airflow 3, use {moved}") if moved else None

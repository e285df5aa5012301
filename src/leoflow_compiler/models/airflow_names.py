"""Airflow's import paths, and what is said about those that are not modelled."""

from __future__ import annotations

from leoflow_compiler.diagnostics.catalogue.airflow import UNSUPPORTED_FEATURE, UNSUPPORTED_OPERATOR
from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Library

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
_MAPPING = frozenset({"partial", "expand", "expand_kwargs"})
_FEATURES = {
    f"{SDK}.setup": "setup tasks (`@setup`)",
    f"{SDK}.teardown": "teardown tasks (`@teardown`)",
    f"{SDK}.asset": "`@asset`",
}
_TASK_LIKE = ("Operator", "Sensor", "OperatorAsync", "SensorAsync", "TaskGroup", "Dag", "DAG", "Transfer")


def register(models: Models) -> None:
    for module in _SDK_MODULES.split():
        models.module_aliases[module] = SDK
    standard = "airflow.providers.standard.operators"
    for name in ("python", "bash", "empty"):
        models.module_aliases[f"airflow.operators.{name}"] = f"{standard}.{name}"
    for name in ("DAG", "XComArg"):
        models.aliases[f"airflow.{name}"] = f"{SDK}.{name}"
    models.module_aliases["airflow.utils.timezone"] = f"{SDK}.timezone"
    models.closed[SDK] = frozenset(_SDK_NAMES.split())
    models.closed["leoflow"] = models.closed[SDK]


def unknown_call(library: Library, call: Call) -> Refusal | None:
    """Refuses what would be a task, a group or a DAG; everything else is opaque."""
    path, name = library.path, library.name
    if (
        name in _MAPPING
        and library.path.rpartition(".")[0][:1].isalpha()
        and _task_like(path.rpartition(".")[0])
    ):
        message = f"dynamic task mapping (`{path.split('.')[-2]}.{name}`) is not supported yet"
        return call.refusal(UNSUPPORTED_FEATURE, message)
    if path in _FEATURES:
        return call.refusal(UNSUPPORTED_FEATURE, f"{_FEATURES[path]} are not supported yet")
    if path.startswith(f"{SDK}.task."):
        decorator = path.removeprefix(f"{SDK}.")
        return call.refusal(UNSUPPORTED_FEATURE, f"`@{decorator}` is not supported yet")
    if _task_like(path) or not {"task_id", "group_id", "dag_id", "dag"}.isdisjoint(call.kwargs):
        return call.refusal(UNSUPPORTED_OPERATOR, f"`{path}` is not supported yet")
    return None


def _task_like(path: str) -> bool:
    module, _, name = path.rpartition(".")
    if not name[:1].isupper():
        return False
    places = (".operators.", ".sensors.", ".transfers.")
    return name.endswith(_TASK_LIKE) or (
        module.startswith("airflow.") and any(place in f"{module}." for place in places)
    )

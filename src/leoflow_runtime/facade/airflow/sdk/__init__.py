"""Airflow's authoring interface. Names load on first use, so that importing it costs next to nothing."""

from __future__ import annotations

from importlib import import_module

__version__ = "1.2.2"

_LAZY = {
    "DAG": "definitions.dag",
    "dag": "definitions.dag",
    "task": "definitions.decorators",
    "task_group": "definitions.decorators",
    "setup": "definitions.decorators",
    "teardown": "definitions.decorators",
    "TaskGroup": "definitions.taskgroup",
    "BaseOperator": "bases.operator",
    "chain": "bases.operator",
    "chain_linear": "bases.operator",
    "cross_downstream": "bases.operator",
    "BaseHook": "bases.hook",
    "BaseBranchOperator": "bases.branch",
    "BaseSensorOperator": "bases.sensor",
    "PokeReturnValue": "bases.sensor",
    "XComArg": "definitions.xcom_arg",
    "EdgeModifier": "definitions.edges",
    "Label": "definitions.edges",
    "Param": "definitions.param",
    "ParamsDict": "definitions.param",
    "Variable": "definitions.variable",
    "Connection": "definitions.connection",
    "Context": "definitions.context",
    "get_current_context": "definitions.context",
    "get_parsing_context": "definitions.context",
    "literal": "definitions.template",
    "SkipMixin": "bases.branch",
    "BranchMixIn": "bases.branch",
    "TaskInstanceState": "definitions._internal.types",
    "DagRunState": "definitions._internal.types",
    "TriggerRule": "definitions._internal.types",
    "WeightRule": "definitions._internal.types",
    "BaseNotifier": "bases.notifier",
    "BaseOperatorLink": "bases.operatorlink",
    "ObjectStoragePath": "io.path",
    "Metadata": "definitions.asset.metadata",
    "asset": "definitions.asset.decorators",
    **dict.fromkeys(
        ("Asset", "AssetAlias", "AssetAll", "AssetAny", "AssetWatcher"),
        "definitions.asset",
    ),
    **dict.fromkeys(
        (
            "CronPartitionTimetable",
            "CronTriggerTimetable",
            "DeltaTriggerTimetable",
            "MultipleCronTriggerTimetable",
        ),
        "definitions.timetables.trigger",
    ),
    **dict.fromkeys(
        ("CronDataIntervalTimetable", "DeltaDataIntervalTimetable"),
        "definitions.timetables.interval",
    ),
    **dict.fromkeys(
        ("AssetOrTimeSchedule", "PartitionedAssetTimetable"),
        "definitions.timetables.assets",
    ),
    "EventsTimetable": "definitions.timetables.events",
    **dict.fromkeys(
        ("AsyncCallback", "DeadlineAlert", "DeadlineReference", "SyncCallback"),
        "definitions.deadline",
    ),
    **dict.fromkeys(
        (
            "AllowedKeyMapper",
            "ChainMapper",
            "IdentityMapper",
            "PartitionMapper",
            "ProductMapper",
            "StartOfDayMapper",
            "StartOfHourMapper",
            "StartOfMonthMapper",
            "StartOfQuarterMapper",
            "StartOfWeekMapper",
            "StartOfYearMapper",
        ),
        "definitions.partition_mappers",
    ),
    "conf": "configuration",
}

# Can be imported and named, but not used.
_REFUSED = frozenset({"BaseAsyncOperator", "BaseXCom", "SecretCache"})

__all__ = sorted({*_LAZY, *_REFUSED, "TaskInstance", "macros"})


def __getattr__(name: str) -> object:
    if name in _LAZY:
        value = getattr(import_module(f"airflow.sdk.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    if name in _REFUSED:
        from airflow.sdk.definitions._internal.unsupported import refused_class

        return refused_class(name, f"airflow.sdk.{name}")
    if name in ("timezone", "exceptions", "types"):
        return import_module(f"airflow.sdk.{name}")
    if name == "macros":
        return import_module("airflow.macros")
    if name == "TaskInstance":
        return import_module("airflow.models.taskinstance").TaskInstance
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The dialect under Airflow 2's model paths."""

from __future__ import annotations

from importlib import import_module

_LAZY = {
    "DAG": "airflow.sdk.definitions.dag",
    "BaseOperator": "airflow.sdk.bases.operator",
    "Connection": "airflow.sdk.definitions.connection",
    "DagRun": "airflow.models.dagrun",
    "Param": "airflow.sdk.definitions.param",
    "TaskInstance": "airflow.models.taskinstance",
    "Variable": "airflow.sdk.definitions.variable",
    "XComArg": "airflow.sdk.definitions.xcom_arg",
}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The Airflow dialect as Leoflow's lean engine offers it. Real provider packages are found beside it."""

from __future__ import annotations

from airflow._path import extended

__path__ = extended(__path__, __name__)
__version__ = "3.2.2"

_LAZY = {"DAG": "airflow.sdk.definitions.dag", "XComArg": "airflow.sdk.definitions.xcom_arg"}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        from importlib import import_module

        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

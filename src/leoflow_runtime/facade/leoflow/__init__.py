"""The dialect under the project's own name: `from leoflow import DAG, task`."""

from __future__ import annotations

from importlib import import_module

from airflow import sdk as _sdk

__all__ = list(_sdk.__all__)

_OPERATORS = {
    "BashOperator": "airflow.providers.standard.operators.bash",
    "BranchPythonOperator": "airflow.providers.standard.operators.python",
    "EmptyOperator": "airflow.providers.standard.operators.empty",
    "HttpOperator": "airflow.providers.http.operators.http",
    "PythonOperator": "airflow.providers.standard.operators.python",
    "ShortCircuitOperator": "airflow.providers.standard.operators.python",
}


def __getattr__(name: str) -> object:
    if name in _OPERATORS:
        return getattr(import_module(_OPERATORS[name]), name)
    try:
        return getattr(_sdk, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

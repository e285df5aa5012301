"""Assets under the name and the path that they had in Airflow 2."""

from __future__ import annotations

from airflow._protected import is_protected
from airflow.sdk.definitions.asset import Asset as Dataset
from airflow.sdk.definitions.asset import AssetAlias as DatasetAlias
from airflow.sdk.definitions.asset import AssetAll as DatasetAll
from airflow.sdk.definitions.asset import AssetAny as DatasetAny

__all__ = ["Dataset", "DatasetAlias", "DatasetAll", "DatasetAny"]

if is_protected():
    raise ModuleNotFoundError(f"No module named {__name__!r}", name=__name__)

"""Assets under their older path."""

from __future__ import annotations

from airflow.sdk.definitions.asset import Asset, AssetAlias, AssetAll, AssetAny, Dataset  # noqa: F401

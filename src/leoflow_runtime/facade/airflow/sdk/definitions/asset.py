"""Assets can be imported and named in annotations; Leoflow's lean engine does not offer them."""

from __future__ import annotations

from airflow.sdk.definitions._internal.unsupported import refused_class

Asset = refused_class("Asset", "An Asset")
AssetAlias = refused_class("AssetAlias", "An AssetAlias")
AssetAll = refused_class("AssetAll", "An AssetAll")
AssetAny = refused_class("AssetAny", "An AssetAny")
AssetWatcher = refused_class("AssetWatcher", "An AssetWatcher")
Metadata = refused_class("Metadata", "Asset metadata")
asset = refused_class("asset", "The @asset decorator")
Dataset = refused_class("Dataset", "A Dataset")

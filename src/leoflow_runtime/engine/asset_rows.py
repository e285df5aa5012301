"""Assets and their events as a store keeps them, and what the engine asks of a store about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """As declared. `name` and `uri` together say which it is."""

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetRow(Asset):
    pk: int
    tenant_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetReference:
    """One mention of an asset by a DAG's current version: the asset, an alias, or a name or URI of one
    that is declared elsewhere. `task_id`: None for a schedule."""

    kind: Literal["schedule", "inlet", "outlet"]
    task_id: str | None = None
    asset: Asset | None = None
    alias: str | None = None
    alias_group: str = "asset"
    name: str | None = None
    uri: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAssetEvent:
    """`aliases`: under which the update was told. The source is named, for the event outlives it."""

    tenant_id: int
    asset_pk: int
    extra: Mapping[str, Any] = field(default_factory=dict)
    source_dag_id: str | None = None
    source_run_id: str | None = None
    source_task_id: str | None = None
    source_map_index: int = -1
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetEventRow(NewAssetEvent):
    pk: int
    at: datetime


class AssetTx(Protocol):
    """Operations of a transaction on assets."""

    def set_asset_references(self, dag_pk: int, tenant_id: int, references: Sequence[AssetReference]) -> None:
        """Replaces what the DAG says of assets; assets and aliases that are new are made."""

    def put_asset(self, tenant_id: int, asset: Asset) -> AssetRow:
        """The asset of this name and URI, made where there is none; group and extra as given."""

    def asset(self, pk: int) -> AssetRow | None: ...
    def find_assets(
        self, tenant_id: int, *, name: str | None = None, uri: str | None = None
    ) -> list[AssetRow]:
        """All that match what is given, oldest first."""

    def assets_of_alias(self, tenant_id: int, alias: str) -> list[AssetRow]:
        """Those that have been updated under an alias."""

    def dags_scheduled_by(self, asset: AssetRow, aliases: Collection[str]) -> list[int]:
        """DAGs, not paused, whose schedule names the asset, one of the aliases, or its name or URI."""

    def insert_asset_event(self, new: NewAssetEvent) -> AssetEventRow:
        """At the transaction's time. Aliases that are new are made, and know the asset from now on."""

    def asset_events(
        self, tenant_id: int, *, asset_pk: int | None = None, alias: str | None = None, limit: int
    ) -> list[AssetEventRow]:
        """The latest of an asset, or told under an alias; oldest first."""

    def scheduling_events(
        self, dag_pk: int, *, after: datetime | None, until: datetime
    ) -> list[AssetEventRow]:
        """Events of what the DAG's schedule names, after `after`, until `until` included, in order."""

    def queue_asset_event(self, dag_pk: int, asset_pk: int) -> None:
        """Notes that an update of the asset waits for the DAG. Once is enough."""

    def queued_assets(self, dag_pk: int) -> Mapping[int, datetime]:
        """Asset -> since when an update waits."""

    def drop_queued_assets(self, dag_pk: int) -> None: ...
    def consume_asset_events(self, run_pk: int, event_pks: Sequence[int]) -> None:
        """These events made the run."""

    def consumed_asset_events(self, run_pk: int) -> list[AssetEventRow]: ...

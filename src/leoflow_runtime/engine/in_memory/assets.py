"""Assets of the in-memory store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from leoflow_runtime.engine.asset_rows import Asset, AssetEventRow, AssetReference, AssetRow, NewAssetEvent
from leoflow_runtime.engine.in_memory.journal import Journal


class InMemoryAssets(Journal):
    """Part of `InMemoryTx`."""

    def set_asset_references(self, dag_pk: int, tenant_id: int, references: Sequence[AssetReference]) -> None:
        for reference in references:
            if reference.asset is not None:
                self.put_asset(tenant_id, reference.asset)
        self._put("asset_references", dag_pk, (tenant_id, tuple(references)))

    def put_asset(self, tenant_id: int, asset: Asset) -> AssetRow:
        for row in self.find_assets(tenant_id, name=asset.name, uri=asset.uri):
            changed = replace(row, group=asset.group, extra=asset.extra)
            self._put("assets", row.pk, changed)
            return changed
        fields = {name: getattr(asset, name) for name in Asset.__dataclass_fields__}
        made = AssetRow(pk=self._next("assets"), tenant_id=tenant_id, **fields)
        self._put("assets", made.pk, made)
        return made

    def asset(self, pk: int) -> AssetRow | None:
        return self._tables["assets"].get(pk)

    def find_assets(
        self, tenant_id: int, *, name: str | None = None, uri: str | None = None
    ) -> list[AssetRow]:
        return [
            row
            for row in self._tables["assets"].values()
            if row.tenant_id == tenant_id and name in (None, row.name) and uri in (None, row.uri)
        ]

    def assets_of_alias(self, tenant_id: int, alias: str) -> list[AssetRow]:
        return [self._tables["assets"][pk] for pk in self._tables["alias_assets"].get((tenant_id, alias), ())]

    def _schedule_of(self, dag_pk: int) -> Iterator[AssetReference]:
        _, references = self._tables["asset_references"].get(dag_pk, (0, ()))
        return (reference for reference in references if reference.kind == "schedule")

    def dags_scheduled_by(self, asset: AssetRow, aliases: Collection[str]) -> list[int]:
        return [
            pk
            for pk, dag in self._tables["dags"].items()
            if dag.tenant_id == asset.tenant_id
            and not dag.is_paused
            and any(_names(reference, asset, aliases) for reference in self._schedule_of(pk))
        ]

    def insert_asset_event(self, new: NewAssetEvent) -> AssetEventRow:
        row = AssetEventRow(pk=self._next("asset_events"), at=self._now, **asdict(new))
        self._put("asset_events", row.pk, row)
        for alias in new.aliases:
            key = (new.tenant_id, alias)
            known = self._tables["alias_assets"].get(key, ())
            if new.asset_pk not in known:
                self._put("alias_assets", key, (*known, new.asset_pk))
        return row

    def asset_events(
        self, tenant_id: int, *, asset_pk: int | None = None, alias: str | None = None, limit: int
    ) -> list[AssetEventRow]:
        found = [
            row
            for row in self._tables["asset_events"].values()
            if row.tenant_id == tenant_id
            and asset_pk in (None, row.asset_pk)
            and (alias is None or alias in row.aliases)
        ]
        return found[-limit:]

    def scheduling_events(
        self, dag_pk: int, *, after: datetime | None, until: datetime
    ) -> list[AssetEventRow]:
        return [
            row
            for row in self._tables["asset_events"].values()
            if row.at <= until
            and (after is None or row.at > after)
            and any(
                _names(reference, self._tables["assets"][row.asset_pk], row.aliases)
                for reference in self._schedule_of(dag_pk)
            )
        ]

    def queue_asset_event(self, dag_pk: int, asset_pk: int) -> None:
        self._put("queued_assets", dag_pk, {**self.queued_assets(dag_pk), asset_pk: self._now})

    def queued_assets(self, dag_pk: int) -> Mapping[int, datetime]:
        queued: Mapping[int, datetime] = self._tables["queued_assets"].get(dag_pk, {})
        return queued

    def drop_queued_assets(self, dag_pk: int) -> None:
        self._drop("queued_assets", dag_pk)

    def consume_asset_events(self, run_pk: int, event_pks: Sequence[int]) -> None:
        self._put("consumed_events", run_pk, tuple(event_pks))

    def consumed_asset_events(self, run_pk: int) -> list[AssetEventRow]:
        return [self._tables["asset_events"][pk] for pk in self._tables["consumed_events"].get(run_pk, ())]


def _names(reference: AssetReference, asset: Asset, aliases: Collection[str]) -> bool:
    if reference.asset is not None:
        return (reference.asset.name, reference.asset.uri) == (asset.name, asset.uri)
    if reference.alias is not None:
        return reference.alias in aliases
    return reference.name == asset.name if reference.name is not None else reference.uri == asset.uri

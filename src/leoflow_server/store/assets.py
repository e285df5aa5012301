"""Assets and their events: part of `SqlTx`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, insert, or_, select, update

from leoflow_runtime.engine.asset_rows import Asset, AssetEventRow, AssetReference, AssetRow, NewAssetEvent
from leoflow_server.store.prepared import Session
from leoflow_server.store.tables import (
    alias_assets,
    asset_aliases,
    asset_event_aliases,
    asset_events,
    asset_references,
    assets,
    consumed_asset_events,
    dags,
    queued_asset_events,
)

_ROW = (assets.c.pk, assets.c.tenant_id, assets.c.name, assets.c.uri, assets.c.group, assets.c.extra)


class SqlAssets:
    """Part of `SqlTx`. Updates of assets are rare beside tasks, so these statements are not prepared."""

    __slots__ = ()
    _now: datetime

    @property
    def _session(self) -> Session:
        raise NotImplementedError

    def set_asset_references(self, dag_pk: int, tenant_id: int, references: Sequence[AssetReference]) -> None:
        connection = self._session.connection
        connection.execute(delete(asset_references).where(asset_references.c.dag_pk == dag_pk))
        rows = []
        for reference in references:
            asset = None if reference.asset is None else self.put_asset(tenant_id, reference.asset).pk
            alias = reference.alias
            rows.append(
                {
                    "dag_pk": dag_pk,
                    "kind": reference.kind,
                    "task_id": reference.task_id,
                    "asset_pk": asset,
                    "alias_pk": None
                    if alias is None
                    else self._alias(tenant_id, alias, reference.alias_group),
                    "name": reference.name,
                    "uri": reference.uri,
                    "created_at": self._now,
                }
            )
        if rows:
            connection.execute(insert(asset_references), rows)

    def put_asset(self, tenant_id: int, asset: Asset) -> AssetRow:
        connection = self._session.connection
        values: dict[str, Any] = {"group": asset.group, "extra": dict(asset.extra)}
        known = self.find_assets(tenant_id, name=asset.name, uri=asset.uri)
        if known:
            if (known[0].group, known[0].extra) != (asset.group, asset.extra):
                values["updated_at"] = self._now
                connection.execute(update(assets).where(assets.c.pk == known[0].pk).values(values))
        else:
            values |= {"tenant_id": tenant_id, "name": asset.name, "uri": asset.uri}
            values |= {"created_at": self._now, "updated_at": self._now}
            connection.execute(insert(assets).values(values))
        return self.find_assets(tenant_id, name=asset.name, uri=asset.uri)[0]

    def _alias(self, tenant_id: int, name: str, group: str = "asset") -> int:
        connection = self._session.connection
        which = (asset_aliases.c.tenant_id == tenant_id, asset_aliases.c.name == name)
        found = connection.execute(select(asset_aliases.c.pk).where(*which)).scalar_one_or_none()
        if found is None:
            values = {"tenant_id": tenant_id, "name": name, "group": group, "created_at": self._now}
            made = connection.execute(insert(asset_aliases).values(values).returning(asset_aliases.c.pk))
            found = made.scalar_one()
        return int(found)

    def asset(self, pk: int) -> AssetRow | None:
        return next(iter(self._assets(select(*_ROW).where(assets.c.pk == pk))), None)

    def find_assets(
        self, tenant_id: int, *, name: str | None = None, uri: str | None = None
    ) -> list[AssetRow]:
        query = select(*_ROW).where(assets.c.tenant_id == tenant_id).order_by(assets.c.pk)
        if name is not None:
            query = query.where(assets.c.name == name)
        if uri is not None:
            query = query.where(assets.c.uri == uri)
        return self._assets(query)

    def assets_of_alias(self, tenant_id: int, alias: str) -> list[AssetRow]:
        return self._assets(
            select(*_ROW)
            .join(alias_assets, alias_assets.c.asset_pk == assets.c.pk)
            .join(asset_aliases, asset_aliases.c.pk == alias_assets.c.alias_pk)
            .where(asset_aliases.c.tenant_id == tenant_id, asset_aliases.c.name == alias)
            .order_by(assets.c.pk)
        )

    def _assets(self, query: Select[Any]) -> list[AssetRow]:
        return [AssetRow(**row._mapping) for row in self._session.connection.execute(query)]

    def dags_scheduled_by(self, asset: AssetRow, aliases: Collection[str]) -> list[int]:
        named = select(asset_aliases.c.pk).where(
            asset_aliases.c.tenant_id == asset.tenant_id, asset_aliases.c.name.in_(list(aliases))
        )
        reference = asset_references.c
        query = (
            select(dags.c.pk)
            .join(asset_references, reference.dag_pk == dags.c.pk)
            .where(
                dags.c.tenant_id == asset.tenant_id,
                dags.c.is_paused.is_(False),
                dags.c.is_stale.is_(False),
                reference.kind == "schedule",
                or_(
                    reference.asset_pk == asset.pk,
                    reference.name == asset.name,
                    reference.uri == asset.uri,
                    reference.alias_pk.in_(named),
                ),
            )
            .distinct()
            .order_by(dags.c.pk)
        )
        return [int(pk) for pk in self._session.connection.execute(query).scalars()]

    def insert_asset_event(self, new: NewAssetEvent) -> AssetEventRow:
        connection = self._session.connection
        values = {
            name: getattr(new, name) for name in NewAssetEvent.__dataclass_fields__ if name != "aliases"
        }
        values |= {"extra": dict(new.extra), "at": self._now}
        made = connection.execute(insert(asset_events).values(values).returning(asset_events.c.pk))
        pk = int(made.scalar_one())
        for alias in dict.fromkeys(new.aliases):
            alias_pk = self._alias(new.tenant_id, alias)
            connection.execute(insert(asset_event_aliases).values(event_pk=pk, alias_pk=alias_pk))
            link = {"alias_pk": alias_pk, "asset_pk": new.asset_pk}
            known = select(alias_assets.c.asset_pk).filter_by(**link)
            if connection.execute(known).scalar_one_or_none() is None:
                connection.execute(insert(alias_assets).values(link))
        return AssetEventRow(
            pk=pk, at=self._now, **{name: getattr(new, name) for name in NewAssetEvent.__dataclass_fields__}
        )

    def asset_events(
        self, tenant_id: int, *, asset_pk: int | None = None, alias: str | None = None, limit: int
    ) -> list[AssetEventRow]:
        event = asset_events.c
        query = select(asset_events).where(event.tenant_id == tenant_id)
        if asset_pk is not None:
            query = query.where(event.asset_pk == asset_pk)
        if alias is not None:
            query = query.where(
                event.pk.in_(_told_under(select(asset_aliases.c.pk).where(asset_aliases.c.name == alias)))
            )
        newest = self._session.connection.execute(query.order_by(event.pk.desc()).limit(limit)).all()
        return self._events(reversed(newest))

    def scheduling_events(
        self, dag_pk: int, *, after: datetime | None, until: datetime
    ) -> list[AssetEventRow]:
        event, reference = asset_events.c, asset_references.c
        mine = and_(reference.dag_pk == dag_pk, reference.kind == "schedule")
        by_name = select(assets.c.pk).where(
            or_(
                assets.c.name.in_(select(reference.name).where(mine, reference.name.is_not(None))),
                assets.c.uri.in_(select(reference.uri).where(mine, reference.uri.is_not(None))),
            ),
            assets.c.tenant_id == select(dags.c.tenant_id).where(dags.c.pk == dag_pk).scalar_subquery(),
        )
        query = select(asset_events).where(
            or_(
                event.asset_pk.in_(select(reference.asset_pk).where(mine, reference.asset_pk.is_not(None))),
                event.asset_pk.in_(by_name),
                event.pk.in_(
                    _told_under(select(reference.alias_pk).where(mine, reference.alias_pk.is_not(None)))
                ),
            ),
            event.at <= until,
        )
        if after is not None:
            query = query.where(event.at > after)
        return self._events(self._session.connection.execute(query.order_by(event.at, event.pk)).all())

    def queue_asset_event(self, dag_pk: int, asset_pk: int) -> None:
        queued = queued_asset_events.c
        which = (queued.dag_pk == dag_pk, queued.asset_pk == asset_pk)
        again = update(queued_asset_events).where(*which).values(created_at=self._now)
        if self._session.connection.execute(again).rowcount == 0:
            row = {"dag_pk": dag_pk, "asset_pk": asset_pk, "created_at": self._now}
            self._session.connection.execute(insert(queued_asset_events).values(row))

    def queued_assets(self, dag_pk: int) -> Mapping[int, datetime]:
        queued = queued_asset_events.c
        query = select(queued.asset_pk, queued.created_at).where(queued.dag_pk == dag_pk)
        return {row.asset_pk: row.created_at for row in self._session.connection.execute(query)}

    def drop_queued_assets(self, dag_pk: int) -> None:
        query = delete(queued_asset_events).where(queued_asset_events.c.dag_pk == dag_pk)
        self._session.connection.execute(query)

    def consume_asset_events(self, run_pk: int, event_pks: Sequence[int]) -> None:
        rows = [{"run_pk": run_pk, "event_pk": pk} for pk in event_pks]
        if rows:
            self._session.connection.execute(insert(consumed_asset_events), rows)

    def consumed_asset_events(self, run_pk: int) -> list[AssetEventRow]:
        query = (
            select(asset_events)
            .join(consumed_asset_events, consumed_asset_events.c.event_pk == asset_events.c.pk)
            .where(consumed_asset_events.c.run_pk == run_pk)
            .order_by(asset_events.c.at, asset_events.c.pk)
        )
        return self._events(self._session.connection.execute(query).all())

    def _events(self, rows: Iterable[Any]) -> list[AssetEventRow]:
        rows = list(rows)
        told: dict[int, list[str]] = defaultdict(list)
        query = (
            select(asset_event_aliases.c.event_pk, asset_aliases.c.name)
            .join(asset_aliases, asset_aliases.c.pk == asset_event_aliases.c.alias_pk)
            .where(asset_event_aliases.c.event_pk.in_([row.pk for row in rows]))
            .order_by(asset_aliases.c.pk)
        )
        if rows:
            for pk, name in self._session.connection.execute(query):
                told[pk].append(name)
        names = [name for name in AssetEventRow.__dataclass_fields__ if name != "aliases"]
        return [
            AssetEventRow(aliases=tuple(told[row.pk]), **{name: getattr(row, name) for name in names})
            for row in rows
        ]


def _told_under(aliases: Select[Any]) -> Select[Any]:
    return select(asset_event_aliases.c.event_pk).where(asset_event_aliases.c.alias_pk.in_(aliases))

"""DAGs: lists, one, tags, favourites, latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from leoflow_server.api.params import Params, Window
from leoflow_server.api.queries.listing import (
    Listing,
    any_of,
    fetch,
    matches,
    starts_with,
    within,
)
from leoflow_server.store.tables import (
    asset_references,
    assets,
    dag_favorites,
    dag_runs,
    dag_tags,
    dag_versions,
    dags,
    import_errors,
)

_latest_run = (
    select(dag_runs.c.pk)
    .where(dag_runs.c.dag_pk == dags.c.pk)
    .order_by(dag_runs.c.run_after.desc(), dag_runs.c.pk.desc())
    .limit(1)
    .correlate(dags)
    .scalar_subquery()
)
_last_runs = dag_runs.alias("last_run")
_has_import_errors = exists(
    select(import_errors.c.pk).where(
        import_errors.c.tenant_id == dags.c.tenant_id, import_errors.c.dag_id == dags.c.dag_id
    )
)
SORTABLE: dict[str, ColumnElement[Any]] = {
    "dag_id": dags.c.dag_id,
    "dag_display_name": dags.c.display_name,
    "next_dagrun": dags.c.next_logical_date,
    "next_dagrun_run_after": dags.c.next_run_after,
    "is_paused": dags.c.is_paused,
    "is_stale": dags.c.is_stale,
    "last_run_state": _last_runs.c.state,
    "last_run_start_date": _last_runs.c.start_date,
    "last_run_run_after": _last_runs.c.run_after,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DagFilter:
    tenant_id: int
    user_pk: int
    conditions: tuple[ColumnElement[bool], ...] = ()

    @classmethod
    def read(cls, params: Params, *, tenant_id: int, user_pk: int) -> DagFilter:
        """What `/dags` and `/ui/dags` may be filtered by."""
        conditions: list[ColumnElement[bool]] = []
        conditions += matches(dags.c.dag_id, params.text("dag_id_pattern"))
        conditions += starts_with(dags.c.dag_id, params.text("dag_id_prefix_pattern"))
        conditions += matches(dags.c.display_name, params.text("dag_display_name_pattern"))
        conditions += starts_with(dags.c.display_name, params.text("dag_display_name_prefix_pattern"))
        conditions += any_of(dags.c.dag_id, params.texts("dag_ids"))
        conditions += any_of(dags.c.bundle_name, params.texts("bundle_name"))
        if params.flag("exclude_stale", True):
            conditions.append(dags.c.is_stale.is_(False))
        paused = params.flag("paused")
        if paused is not None:
            conditions.append(dags.c.is_paused.is_(paused))
        broken = params.flag("has_import_errors")
        if broken is not None:
            conditions.append(_has_import_errors if broken else ~_has_import_errors)
        conditions += _tagged(params.texts("tags"), params.choice("tags_match_mode", ("any", "all"), "any"))
        owners = params.texts("owners")
        if owners:
            conditions.append(or_(*(dags.c.owner.ilike(f"%{owner}%") for owner in owners)))
        state = params.text("last_dag_run_state")
        if state:
            conditions.append(_last_runs.c.state == state)
        conditions += _ran(params)
        favorite = params.flag("is_favorite")
        if favorite is not None:
            mine = exists(
                select(dag_favorites.c.dag_pk).where(
                    dag_favorites.c.dag_pk == dags.c.pk, dag_favorites.c.user_pk == user_pk
                )
            )
            conditions.append(mine if favorite else ~mine)
        by_assets = params.flag("has_asset_schedule")
        if by_assets is not None:
            conditions.append(_scheduled_by() if by_assets else ~_scheduled_by())
        dependency = params.text("asset_dependency")
        if dependency:
            conditions.append(_scheduled_by(dependency))
        if params.flag("has_pending_actions"):
            conditions.append(dags.c.pk.is_(None))  # no DAG waits for a person
        return cls(tenant_id=tenant_id, user_pk=user_pk, conditions=tuple(conditions))


def _scheduled_by(asset: str | None = None) -> ColumnElement[bool]:
    """Scheduled by assets, or by one whose name or URI contains a text."""
    reference = asset_references.c
    mine = select(reference.pk).where(reference.dag_pk == dags.c.pk, reference.kind == "schedule")
    if asset is not None:
        like = f"%{asset}%"
        mine = mine.join(assets, assets.c.pk == reference.asset_pk, isouter=True).where(
            or_(
                *(
                    column.ilike(like)
                    for column in (assets.c.name, assets.c.uri, reference.name, reference.uri)
                )
            )
        )
    return exists(mine)


def _tagged(tags: Sequence[str], mode: str) -> list[ColumnElement[bool]]:
    def has(name: str) -> ColumnElement[bool]:
        return exists(select(dag_tags.c.name).where(dag_tags.c.dag_pk == dags.c.pk, dag_tags.c.name == name))

    if not tags:
        return []
    return [and_(*map(has, tags)) if mode == "all" else or_(*map(has, tags))]


def _ran(params: Params) -> list[ColumnElement[bool]]:
    inner = [
        *within(dag_runs.c.start_date, params.range("dag_run_start_date")),
        *within(dag_runs.c.end_date, params.range("dag_run_end_date")),
        *any_of(dag_runs.c.state, params.texts("dag_run_state")),
    ]
    if not inner:
        return []
    return [exists(select(dag_runs.c.pk).where(dag_runs.c.dag_pk == dags.c.pk, *inner))]


def _statement(tenant_id: int, user_pk: int) -> Select[Any]:
    favorite = exists(
        select(dag_favorites.c.dag_pk).where(
            dag_favorites.c.dag_pk == dags.c.pk, dag_favorites.c.user_pk == user_pk
        )
    )
    return (
        select(
            dags,
            dag_versions.c.label.label("version_label"),
            dag_versions.c.number.label("version_number"),
            dag_versions.c.uuid.label("version_uuid"),
            dag_versions.c.created_at.label("version_created_at"),
            _has_import_errors.label("has_import_errors"),
            favorite.label("is_favorite"),
        )
        .join(dag_versions, dag_versions.c.pk == dags.c.version_pk, isouter=True)
        .where(dags.c.tenant_id == tenant_id)
    )


def list_dags(conn: Connection, chosen: DagFilter, window: Window) -> Listing:
    statement = _statement(chosen.tenant_id, chosen.user_pk).where(*chosen.conditions)
    if _needs_last_run(chosen, window):
        statement = statement.join(_last_runs, _last_runs.c.pk == _latest_run, isouter=True)
    return fetch(conn, statement, window, key=dags.c.pk, sortable=SORTABLE, default=("dag_id",))


def _needs_last_run(chosen: DagFilter, window: Window) -> bool:
    if any("last_run" in name for name in window.order_by):
        return True
    return any("last_run" in str(condition) for condition in chosen.conditions)


def find_dag(conn: Connection, dag_id: str, *, tenant_id: int, user_pk: int = 0) -> Row[Any] | None:
    return conn.execute(_statement(tenant_id, user_pk).where(dags.c.dag_id == dag_id)).one_or_none()


def latest_runs(conn: Connection, dag_pks: Sequence[int], count: int) -> dict[int, list[Row[Any]]]:
    """The newest `count` runs of each DAG, newest first, in one statement."""
    if not dag_pks or count <= 0:
        return {}
    order = func.row_number().over(
        partition_by=dag_runs.c.dag_pk, order_by=(dag_runs.c.run_after.desc(), dag_runs.c.pk.desc())
    )
    ranked = select(dag_runs, order.label("rank")).where(dag_runs.c.dag_pk.in_(dag_pks)).subquery()
    found: dict[int, list[Row[Any]]] = {}
    for row in conn.execute(select(ranked).where(ranked.c.rank <= count).order_by(ranked.c.rank)):
        found.setdefault(row.dag_pk, []).append(row)
    return found


def active_run_count(conn: Connection, dag_pk: int) -> int:
    return conn.execute(
        select(func.count()).where(dag_runs.c.dag_pk == dag_pk, dag_runs.c.state.in_(("queued", "running")))
    ).scalar_one()


def set_favorite(conn: Connection, user_pk: int, dag_pk: int, favorite: bool) -> None:
    mine = (dag_favorites.c.user_pk == user_pk) & (dag_favorites.c.dag_pk == dag_pk)
    conn.execute(delete(dag_favorites).where(mine))
    if favorite:
        conn.execute(insert(dag_favorites).values(user_pk=user_pk, dag_pk=dag_pk))


def list_tags(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> tuple[list[str], int]:
    conditions = [
        dags.c.tenant_id == tenant_id,
        dags.c.is_stale.is_(False),
        *matches(dag_tags.c.name, params.text("tag_name_pattern")),
        *starts_with(dag_tags.c.name, params.text("tag_name_prefix_pattern")),
    ]
    names = select(dag_tags.c.name).join(dags, dags.c.pk == dag_tags.c.dag_pk).where(*conditions).distinct()
    order = dag_tags.c.name.desc() if window.order_by[:1] == ("-name",) else dag_tags.c.name.asc()
    rows = conn.execute(names.order_by(order).limit(window.limit).offset(window.offset)).scalars().all()
    total = conn.execute(select(func.count()).select_from(names.subquery())).scalar_one()
    return list(rows), total


def run_state_counts(conn: Connection, *, tenant_id: int, dag_ids: Sequence[str]) -> list[Row[Any]]:
    """`(dag_id, display_name, state, count)` per DAG and state that occurs; state None: no run at all."""
    return list(
        conn.execute(
            select(
                dags.c.dag_id,
                dags.c.display_name,
                dag_runs.c.state,
                func.count(dag_runs.c.pk).label("count"),
            )
            .join(dag_runs, dag_runs.c.dag_pk == dags.c.pk, isouter=True)
            .where(dags.c.tenant_id == tenant_id, *any_of(dags.c.dag_id, dag_ids))
            .group_by(dags.c.pk, dag_runs.c.state)
            .order_by(dags.c.dag_id)
        ).all()
    )

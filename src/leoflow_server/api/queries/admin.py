"""Variables, connections, pools, import errors and the audit log: lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from leoflow_server.api.params import Params, Range, Window
from leoflow_server.api.queries.listing import Listing, any_of, fetch, matches, starts_with, within
from leoflow_server.store.tables import (
    audit_log,
    connections,
    dag_runs,
    dags,
    import_errors,
    lease,
    pools,
    task_instances,
    variables,
)


def list_variables(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    key = variables.c.key
    statement = select(variables).where(
        variables.c.tenant_id == tenant_id,
        *matches(key, params.text("variable_key_pattern")),
        *starts_with(key, params.text("variable_key_prefix_pattern")),
    )
    sortable = {"key": key, "id": variables.c.pk, "_val": key, "description": variables.c.description}
    sortable["is_encrypted"] = key
    return fetch(conn, statement, window, key=variables.c.pk, sortable=sortable, default=("id",))


def find_variable(conn: Connection, tenant_id: int, key: str) -> Row[Any] | None:
    return conn.execute(
        select(variables).where(variables.c.tenant_id == tenant_id, variables.c.key == key)
    ).one_or_none()


def describe_variable(conn: Connection, tenant_id: int, key: str, description: str | None) -> None:
    where = (variables.c.tenant_id == tenant_id) & (variables.c.key == key)
    conn.execute(update(variables).where(where).values(description=description))


def list_connections(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    name = connections.c.conn_id
    statement = select(connections).where(
        connections.c.tenant_id == tenant_id,
        *matches(name, params.text("connection_id_pattern")),
        *starts_with(name, params.text("connection_id_prefix_pattern")),
    )
    sortable: dict[str, ColumnElement[Any]] = {
        "conn_id": name,
        "connection_id": name,
        "conn_type": connections.c.conn_type,
        "description": connections.c.description,
        "host": connections.c.host,
        "port": connections.c.port,
        "id": connections.c.pk,
    }
    return fetch(conn, statement, window, key=connections.c.pk, sortable=sortable, default=("id",))


def find_connection(conn: Connection, tenant_id: int, conn_id: str) -> Row[Any] | None:
    return conn.execute(
        select(connections).where(connections.c.tenant_id == tenant_id, connections.c.conn_id == conn_id)
    ).one_or_none()


def list_pools(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    statement = select(pools).where(
        pools.c.tenant_id == tenant_id,
        *matches(pools.c.name, params.text("pool_name_pattern")),
        *starts_with(pools.c.name, params.text("pool_name_prefix_pattern")),
    )
    sortable = {"id": pools.c.pk, "pool": pools.c.name, "name": pools.c.name, "slots": pools.c.slots}
    return fetch(conn, statement, window, key=pools.c.pk, sortable=sortable, default=("id",))


def find_pool(conn: Connection, tenant_id: int, name: str) -> Row[Any] | None:
    return conn.execute(
        select(pools).where(pools.c.tenant_id == tenant_id, pools.c.name == name)
    ).one_or_none()


def insert_pool(conn: Connection, tenant_id: int, values: Mapping[str, Any]) -> None:
    conn.execute(insert(pools).values(tenant_id=tenant_id, **values))


def update_pool(conn: Connection, pk: int, values: Mapping[str, Any]) -> None:
    conn.execute(update(pools).where(pools.c.pk == pk).values(dict(values)))


def delete_pool(conn: Connection, pk: int) -> None:
    conn.execute(delete(pools).where(pools.c.pk == pk))


def pool_usage(conn: Connection, tenant_id: int) -> dict[str, dict[str, int]]:
    """Slots in use: pool to state to slots, for the states that matter."""
    rows = conn.execute(
        select(
            task_instances.c.pool,
            task_instances.c.state,
            func.sum(task_instances.c.pool_slots).label("slots"),
        )
        .join(dag_runs, dag_runs.c.pk == task_instances.c.run_pk)
        .where(
            task_instances.c.state.in_(("running", "queued", "scheduled", "deferred", "restarting")),
            dag_runs.c.tenant_id == tenant_id,
        )
        .group_by(task_instances.c.pool, task_instances.c.state)
    )
    usage: dict[str, dict[str, int]] = {}
    for row in rows:
        usage.setdefault(row.pool, {})[row.state] = int(row.slots)
    return usage


def list_import_errors(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    statement = select(import_errors).where(
        import_errors.c.tenant_id == tenant_id,
        *matches(import_errors.c.filename, params.text("filename_pattern")),
        *starts_with(import_errors.c.filename, params.text("filename_prefix_pattern")),
    )
    sortable: dict[str, ColumnElement[Any]] = {
        "id": import_errors.c.pk,
        "import_error_id": import_errors.c.pk,
        "timestamp": import_errors.c.created_at,
        "filename": import_errors.c.filename,
        "bundle_name": import_errors.c.bundle_name,
        "stacktrace": import_errors.c.stack_trace,
    }
    return fetch(conn, statement, window, key=import_errors.c.pk, sortable=sortable, default=("id",))


def find_import_error(conn: Connection, tenant_id: int, pk: int) -> Row[Any] | None:
    return conn.execute(
        select(import_errors).where(import_errors.c.tenant_id == tenant_id, import_errors.c.pk == pk)
    ).one_or_none()


_EVENTS = select(audit_log, dags.c.display_name).join(
    dags,
    (dags.c.dag_id == audit_log.c.dag_id) & (dags.c.tenant_id == audit_log.c.tenant_id),
    isouter=True,
)


def list_events(conn: Connection, *, tenant_id: int, params: Params, window: Window) -> Listing:
    conditions: list[ColumnElement[bool]] = [audit_log.c.tenant_id == tenant_id]
    for name in ("dag_id", "task_id", "run_id", "owner", "event"):
        column = audit_log.c[name]
        conditions += any_of(column, params.texts(name))
        conditions += matches(column, params.text(f"{name}_pattern"))
        conditions += starts_with(column, params.text(f"{name}_prefix_pattern"))
    for name in ("map_index", "try_number"):
        wanted = params.integer(name)
        if wanted is not None:
            conditions.append(audit_log.c[name] == wanted)
    conditions += any_of(audit_log.c.event, params.texts("included_events"))
    excluded = params.texts("excluded_events")
    if excluded:
        conditions.append(audit_log.c.event.not_in(excluded))
    bounds = Range(lt=params.moment("before"), gt=params.moment("after"))
    conditions += within(audit_log.c.when, bounds)
    sortable: dict[str, ColumnElement[Any]] = {
        "id": audit_log.c.pk,
        "event_log_id": audit_log.c.pk,
        "when": audit_log.c.when,
        "dttm": audit_log.c.when,
        **{
            name: audit_log.c[name]
            for name in ("dag_id", "task_id", "run_id", "event", "logical_date", "owner")
        },
        "extra": type_coerce(audit_log.c.extra, String),
    }
    return fetch(
        conn, _EVENTS.where(*conditions), window, key=audit_log.c.pk, sortable=sortable, default=("id",)
    )


def find_event(conn: Connection, tenant_id: int, pk: int) -> Row[Any] | None:
    return conn.execute(_EVENTS.where(audit_log.c.tenant_id == tenant_id, audit_log.c.pk == pk)).one_or_none()


def planner_lease(conn: Connection) -> Row[Any] | None:
    return conn.execute(select(lease)).first()

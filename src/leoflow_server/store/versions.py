"""DAGs and their versions."""

from __future__ import annotations

import json
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from leoflow_runtime.artifact import DagSpec, canonical_bytes, content_digest, version_label
from leoflow_runtime.artifact.canonical import document_digest
from leoflow_runtime.engine.rows import DagRow, VersionRow
from leoflow_runtime.engine.timetables import timetable_of
from leoflow_runtime.schedule import ScheduleInvalid
from leoflow_server.store.prepared import Prepared, Session, all_columns, with_defaults
from leoflow_server.store.tables import dag_tags, dag_versions, dags, deployments

_DAG = [
    dags.c.pk,
    dags.c.tenant_id,
    dags.c.dag_id,
    dags.c.is_paused,
    dags.c.version_pk,
    dags.c.next_run_after,
    dags.c.next_logical_date,
    dags.c.next_interval_start,
    dags.c.next_interval_end,
    dags.c.is_stale,
]
_DAG_NAMES = [column.name for column in _DAG[:-1]]

_BY_ID = Prepared(
    select(*_DAG).where(dags.c.tenant_id == bindparam("tenant"), dags.c.dag_id == bindparam("id")), _DAG
)
_BY_PK = Prepared(select(*_DAG).where(dags.c.pk == bindparam("dag")), _DAG)
_SCHEDULED = Prepared(
    select(*_DAG)
    .where(
        dags.c.next_run_after.is_not(None),
        dags.c.is_paused.is_(False),
        dags.c.is_stale.is_(False),
        dags.c.version_pk.is_not(None),
    )
    .order_by(dags.c.next_run_after, dags.c.pk),
    _DAG,
)
_DELETE = Prepared(delete(dags).where(dags.c.pk == bindparam("dag")))
_INSERT = Prepared(insert(dags).values(all_columns(dags)).returning(dags.c.pk), [dags.c.pk])

_VERSION = [
    dag_versions.c.pk,
    dag_versions.c.dag_pk,
    dag_versions.c.number,
    dag_versions.c.content_digest,
    dag_versions.c.document,
]
_VERSION_BY_PK = Prepared(select(*_VERSION).where(dag_versions.c.pk == bindparam("version")), _VERSION)
_VERSION_BY_DIGEST = Prepared(
    select(dag_versions.c.pk, dag_versions.c.meta).where(
        dag_versions.c.dag_pk == bindparam("dag"), dag_versions.c.document_digest == bindparam("digest")
    ),
    [dag_versions.c.pk, dag_versions.c.meta],
)
_LAST_NUMBER = Prepared(
    select(func.coalesce(func.max(dag_versions.c.number), 0).label("number")).where(
        dag_versions.c.dag_pk == bindparam("dag")
    ),
    [dag_versions.c.number],
)
_INSERT_VERSION = Prepared(
    insert(dag_versions).values(all_columns(dag_versions)).returning(dag_versions.c.pk), [dag_versions.c.pk]
)
_MOVE_CODE = Prepared(
    update(dag_versions)
    .where(dag_versions.c.pk == bindparam("version"))
    .values(code_path=bindparam("path"), meta=bindparam("details"))
)
_LEARN = Prepared(
    update(dag_versions).where(dag_versions.c.pk == bindparam("version")).values(meta=bindparam("details"))
)
_LEARNT = ("reference", "signed")  # what a later registration of the same bytes may know better
_UNTAG = Prepared(delete(dag_tags).where(dag_tags.c.dag_pk == bindparam("dag")))
_DEPLOYED = Prepared(insert(deployments).values(all_columns(deployments)))
_TAG = Prepared(insert(dag_tags).values(dag_pk=bindparam("dag"), name=bindparam("tag")))


class VersionCache:
    """Versions never change, so they are read from the database once; the least used are dropped."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._rows: OrderedDict[int, VersionRow] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, pk: int) -> VersionRow | None:
        with self._lock:
            row = self._rows.get(pk)
            if row is not None:
                self._rows.move_to_end(pk)
            return row

    def put(self, row: VersionRow) -> None:
        with self._lock:
            self._rows[row.pk] = row
            if len(self._rows) > self._size:
                self._rows.popitem(last=False)


def find_dag(session: Session, tenant_id: int, dag_id: str) -> DagRow | None:
    return _dag(session.row(_BY_ID, {"tenant": tenant_id, "id": dag_id}))


def get_dag(session: Session, pk: int) -> DagRow | None:
    return _dag(session.row(_BY_PK, {"dag": pk}))


def scheduled_dags(session: Session) -> list[DagRow]:
    return [row for row in map(_dag, session.rows(_SCHEDULED, {})) if row is not None]


def update_dag(session: Session, pk: int, values: Mapping[str, Any]) -> None:
    session.execute(_update(tuple(sorted(values))), {**values, "dag": pk})


def delete_dag(session: Session, pk: int) -> bool:
    return session.execute(_DELETE, {"dag": pk}) == 1


def get_version(session: Session, pk: int, cache: VersionCache) -> VersionRow:
    """Raises KeyError for an unknown version."""
    cached = cache.get(pk)
    if cached is None:
        cached = read_version(session, pk)
        cache.put(cached)
    return cached


def read_version(session: Session, pk: int) -> VersionRow:
    """The row as this transaction sees it. Raises KeyError for an unknown version."""
    found = session.row(_VERSION_BY_PK, {"version": pk})
    if found is None:
        raise KeyError(pk)
    return VersionRow(
        pk=found[0],
        dag_pk=found[1],
        number=found[2],
        content_digest=found[3],
        spec=DagSpec.from_document(json.loads(found[4])),
    )


def register(
    session: Session,
    document: Mapping[str, Any],
    *,
    tenant_id: int,
    created_by: str,
    meta: Mapping[str, Any],
    now: datetime,
    cache: VersionCache,
) -> tuple[DagRow, VersionRow, bool]:
    spec = DagSpec.from_document(document)
    facts = _list_columns(spec) | {
        "is_stale": False,
        "registered_at": now,
        **{name: meta[name] for name in ("bundle_name", "relative_fileloc") if meta.get(name)},
    }
    dag = find_dag(session, tenant_id, spec.dag_id)
    if dag is None:
        new = {"tenant_id": tenant_id, "dag_id": spec.dag_id, "created_at": now, **facts}
        dag_pk = session.rows(_INSERT, with_defaults(dags, new))[0][0]
    else:
        dag_pk = dag.pk
    version_pk, created = _store_version(session, dag_pk, document, spec, created_by, meta, now)
    session.execute(_UNTAG, {"dag": dag_pk})
    session.execute_many(_TAG, [{"dag": dag_pk, "tag": tag} for tag in sorted(set(spec.tags))])
    update_dag(session, dag_pk, {**facts, "version_pk": version_pk})
    if dag is None or dag.version_pk != version_pk:
        deployed = {"dag_pk": dag_pk, "version_pk": version_pk, "at": now, "by": created_by}
        whence = {"via": meta.get("via", "push"), "reference": meta.get("reference")}
        session.execute(_DEPLOYED, with_defaults(deployments, {**deployed, **whence}))
    stored = get_dag(session, dag_pk)
    assert stored is not None
    # A new one is not cached before its commit: after a rollback, its key goes to another.
    version = read_version(session, version_pk) if created else get_version(session, version_pk, cache)
    return stored, version, created


def _store_version(
    session: Session,
    dag_pk: int,
    document: Mapping[str, Any],
    spec: DagSpec,
    created_by: str,
    meta: Mapping[str, Any],
    now: datetime,
) -> tuple[int, bool]:
    digest = document_digest(document)
    code_path = meta.get("code_path")
    found = session.row(_VERSION_BY_DIGEST, {"dag": dag_pk, "digest": digest})
    if found is not None:
        if code_path:
            # The same content, unpacked anew: where it lies is no part of what it is.
            session.execute(_MOVE_CODE, {"version": found[0], "path": code_path, "details": dict(meta)})
        elif learnt := {
            name: meta[name] for name in _LEARNT if meta.get(name) not in (None, found[1].get(name))
        }:
            session.execute(_LEARN, {"version": found[0], "details": {**found[1], **learnt}})
        return int(found[0]), False
    last = session.rows(_LAST_NUMBER, {"dag": dag_pk})[0][0]
    content = content_digest(document)
    row = {
        "dag_pk": dag_pk,
        "uuid": str(uuid.uuid4()),
        "number": last + 1,
        "label": spec.dag_version or version_label(content),
        "content_digest": content,
        "document_digest": digest,
        "document": canonical_bytes(document),
        "image": spec.image,
        "code_path": code_path,
        "meta": dict(meta),
        "created_at": now,
        "created_by": created_by,
    }
    return int(session.rows(_INSERT_VERSION, with_defaults(dag_versions, row))[0][0]), True


def _list_columns(spec: DagSpec) -> dict[str, Any]:
    schedule = spec.document.get("schedule")
    return {
        "display_name": spec.dag_display_name or spec.dag_id,
        "description": spec.description,
        "owner": spec.owner or _owners(spec),
        "tags": list(spec.tags),
        "schedule": schedule,
        "timetable_summary": _summary(spec),
        "max_active_runs": spec.max_active_runs,
        "max_active_tasks": spec.max_active_tasks,
    }


def _owners(spec: DagSpec) -> str:
    return ", ".join(sorted({task.owner for task in spec.tasks if task.owner})) or "airflow"


def _summary(spec: DagSpec) -> str | None:
    try:
        return timetable_of(spec).summary
    except ScheduleInvalid:
        return None  # what registers it refuses it


@cache
def _update(names: tuple[str, ...]) -> Prepared:
    return Prepared(
        update(dags)
        .where(dags.c.pk == bindparam("dag"))
        .values({name: bindparam(name, type_=dags.c[name].type) for name in names})
    )


def _dag(found: list[Any] | None) -> DagRow | None:
    if found is None:
        return None
    values = dict(zip(_DAG_NAMES, found[:-1], strict=True))
    if found[-1]:
        values["version_pk"] = None  # deregistered: its history is readable, nothing of it starts
    return DagRow(**values)

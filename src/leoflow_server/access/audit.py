"""The audit log: one row for every change, in the words of Airflow's event log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from leoflow_server.store.tables import audit_log


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """`name` is what Airflow calls the endpoint, such as `trigger_dag_run`. Never put a secret in `extra`."""

    name: str
    owner: str
    tenant_id: int = 1
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    logical_date: datetime | None = None
    extra: Mapping[str, Any] | None = None


def record(conn: Connection, event: Event, now: datetime) -> None:
    conn.execute(
        insert(audit_log).values(
            tenant_id=event.tenant_id,
            when=now,
            event=event.name,
            owner=event.owner,
            dag_id=event.dag_id,
            run_id=event.run_id,
            task_id=event.task_id,
            map_index=event.map_index,
            logical_date=event.logical_date,
            extra=None if event.extra is None else dict(event.extra),
        )
    )

"""Forward-only migrations: one module per step, each in one transaction.

A module `NNNN_name.py` says `PHASE` ("expand" adds what old and new code both bear; "contract" removes
what no running code uses any more) and `statements(dialect_name)`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, text

from leoflow_server.store.dialects import database, translated
from leoflow_server.store.errors import DatabaseBusy, DatabaseUnavailable, SchemaMissing, SchemaNewer

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS schema_migrations "
    "(version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    version: int
    name: str
    phase: str
    statements: Callable[[str], Sequence[str]]


@cache
def migrations() -> tuple[Migration, ...]:
    """All of them, in order."""
    found: list[Migration] = []
    for module in pkgutil.iter_modules(__path__):
        if not module.name[:4].isdigit():
            continue
        content: Any = importlib.import_module(f"{__name__}.{module.name}")
        found.append(
            Migration(
                version=int(module.name[:4]),
                name=module.name[5:],
                phase=content.PHASE,
                statements=content.statements,
            )
        )
    return tuple(sorted(found, key=lambda migration: migration.version))


def migrate(
    url: str,
    *,
    applying: Callable[[Migration], None] = lambda migration: None,
    waiting: Callable[[], None] = lambda: None,
) -> list[Migration]:
    """Brings the database up to this Leoflow and returns what was applied. Creates a missing SQLite file.

    `applying` is told each step before it is taken; `waiting`, every few seconds while another process
    writes or migrates. Two at once do each step once.
    Raises SchemaNewer, and StoreError for a database that cannot be used.
    """
    engine = database(url).engine()  # refuses other databases before anything is created
    database(url).prepare_place()
    try:
        applied: list[Migration] = []
        for migration in migrations():
            while True:
                try:
                    if _apply(engine, url, migration, applying):
                        applied.append(migration)
                    break
                except DatabaseBusy:
                    if not database(url).is_shared:
                        raise
                    waiting()
        check(url, engine)
        return applied
    finally:
        engine.dispose()


def pending(url: str) -> list[Migration]:
    """What `migrate` would apply. Changes nothing. Raises SchemaNewer and StoreError."""
    if not database(url).is_there():
        return list(migrations())
    try:
        check(url)
    except SchemaMissing as missing:
        return [migration for migration in migrations() if migration.version > missing.found]
    return []


def check(url: str, engine: Engine | None = None) -> None:
    """Raises SchemaNewer or SchemaMissing unless the database is exactly at this Leoflow's version."""
    own = engine or database(url).engine()
    known = migrations()[-1].version
    with translated(url), own.connect() as connection, connection.begin():
        found = _version(connection)
    name = database(url).name
    if found > known:
        raise SchemaNewer(name, found, known)
    if found < known:
        raise SchemaMissing(name, found, known)


def _apply(engine: Engine, url: str, migration: Migration, applying: Callable[[Migration], None]) -> bool:
    with translated(url), engine.connect() as connection, connection.begin():
        found = _version(connection)
        if found >= migration.version:
            return False
        if found == 0 and migration.version == 1 and _foreign(connection):
            raise DatabaseUnavailable(database(url).name, "it holds tables that are not Leoflow's")
        applying(migration)
        database(url).migrating(connection)
        connection.exec_driver_sql(_LEDGER)
        for statement in migration.statements(connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.execute(
            text("INSERT INTO schema_migrations (version, name, applied_at) VALUES (:version, :name, :at)"),
            {
                "version": migration.version,
                "name": migration.name,
                "at": int(datetime.now(UTC).timestamp() * 1_000_000),
            },
        )
    return True


def _version(connection: Connection) -> int:
    if not connection.dialect.has_table(connection, "schema_migrations"):
        return 0
    return int(
        connection.exec_driver_sql("SELECT coalesce(max(version), 0) FROM schema_migrations").scalar_one()
    )


def _foreign(connection: Connection) -> bool:
    return connection.dialect.has_table(connection, "dags") or connection.dialect.has_table(
        connection, "tenants"
    )

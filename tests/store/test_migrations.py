"""The hand-written migrations arrive at exactly the tables that the code declares."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from leoflow_server.store import DatabaseUnavailable, SchemaMissing, SchemaNewer, SqlStore, migrate
from leoflow_server.store.migrations import migrations
from leoflow_server.store.tables import metadata
from tests.postgresql import PostgreSqlServer


def described(url: str) -> dict[str, Any]:
    """Everything that the database says of its tables, without the migrations' own ledger."""
    engine = create_engine(url)
    seen = inspect(engine)
    tables = {}
    for table in seen.get_table_names():
        if table == "schema_migrations":
            continue
        tables[table] = {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in seen.get_columns(table)
            },
            "key": seen.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(sorted(one["column_names"]) for one in seen.get_unique_constraints(table)),
            "indexes": sorted((one["name"], one["column_names"]) for one in seen.get_indexes(table)),
            "references": sorted(
                (one["constrained_columns"], one["referred_table"], one["options"].get("ondelete"))
                for one in seen.get_foreign_keys(table)
            ),
        }
    if engine.dialect.name == "sqlite":  # PostgreSQL's sequences never go back
        with engine.connect() as connection:
            rising = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%' ORDER BY name"
            )
            tables["(never reuse a key)"] = {"names": [row[0] for row in rising]}
    engine.dispose()
    return tables


def test_migrations_arrive_at_the_declared_tables(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/migrated.db")
    declared = f"sqlite:///{tmp_path}/declared.db"
    engine = create_engine(declared)
    metadata.create_all(engine)
    engine.dispose()

    assert described(f"sqlite:///{tmp_path}/migrated.db") == described(declared)


def test_they_do_on_postgresql_too(postgresql: PostgreSqlServer) -> None:
    migrated, declared = postgresql.new_database(), postgresql.new_database()
    migrate(migrated)
    driver = "postgresql+psycopg:"
    engine = create_engine(declared.replace("postgresql:", driver))
    metadata.create_all(engine)
    engine.dispose()

    found = described(migrated.replace("postgresql:", driver))
    assert found == described(declared.replace("postgresql:", driver))


def test_each_is_applied_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/leoflow.db"

    assert [migration.version for migration in migrate(url)] == [m.version for m in migrations()]
    assert migrate(url) == []


def test_versions_rise_without_gaps_and_name_their_phase() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))
    assert {migration.phase for migration in migrations()} <= {"expand", "contract"}


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/leoflow.db"
    migrate(url)
    with sqlite3.connect(tmp_path / "leoflow.db") as database:
        database.execute("INSERT INTO schema_migrations VALUES (999, 'from the future', 0)")

    for refuses in (migrate, SqlStore):
        with pytest.raises(SchemaNewer, match="schema version 999"):
            refuses(url)


def test_a_database_without_schema_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "leoflow.db").touch()

    with pytest.raises(SchemaMissing, match="leoflow server migrate"):
        SqlStore(f"sqlite:///{tmp_path}/leoflow.db")


def test_somebody_elses_tables_are_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE dags (dogs TEXT)")

    with pytest.raises(DatabaseUnavailable, match="not Leoflow's"):
        migrate(f"sqlite:///{tmp_path}/other.db")


def test_a_failing_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leoflow_server.store import migrations as package
    from leoflow_server.store.migrations import Migration

    broken = Migration(
        version=1, name="broken", phase="expand", statements=lambda _: ["CREATE TABLE a (b TEXT)", "nonsense"]
    )
    monkeypatch.setattr(package, "migrations", lambda: (broken,))

    with pytest.raises(Exception, match="nonsense"):
        migrate(f"sqlite:///{tmp_path}/leoflow.db")

    with sqlite3.connect(tmp_path / "leoflow.db") as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_the_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/home/leoflow.db")

    assert (tmp_path / "home" / "leoflow.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700

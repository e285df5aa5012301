"""Many rows: PostgreSQL unnests an array for each column in one statement, SQLite gets one for each row.

A way to the server costs more than a row, and so does preparing parameters one by one. SQLite is in this
process, where a statement for each row is the cheapest there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, ColumnElement, String, Table, and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.expression import TableValuedAlias

from leoflow_server.store.arrays import Array
from leoflow_server.store.prepared import Prepared, Session

Row = Mapping[str, Any]


class BulkUpdate:
    """Guarded updates of rows of a table by key.

    A row holds its key as `of`, new values as `to_<name>`, and for each of `guards` what the column must be
    as `was_<name>`, None included. `among`: further conditions, the same for all rows. `kept`: columns that
    keep a value that they have. Rows of one batch must not share a key.
    """

    def __init__(
        self,
        table: Table,
        names: Sequence[str],
        *,
        guards: Sequence[str] = (),
        among: Sequence[ColumnElement[bool]] = (),
        kept: Sequence[str] = (),
    ) -> None:
        self._table = table
        self._names = names
        self._guards = guards
        self._among = among
        self._kept = kept
        (self._key,) = table.primary_key.columns
        self._one = self._for_each()
        self._all: Prepared | None = None
        self._parameters = {"of": self._key, **{f"was_{name}": table.c[name] for name in guards}}
        self._parameters |= {f"to_{name}": table.c[name] for name in names}

    def run(self, session: Session, batch: Sequence[Row]) -> list[bool]:
        """Whether each row was there, and as its guards say."""
        if not session.is_remote or len(batch) == 1:
            return [count == 1 for count in session.execute_many(self._one, batch)]
        if self._all is None:
            self._all = self._for_all()
        changed = {key for (key,) in session.rows(self._all, columns_of(batch, self._parameters))}
        return [row["of"] in changed for row in batch]

    def _for_each(self) -> Prepared:
        table = self._table
        values = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in self._names}
        guards = [
            table.c[name].is_not_distinct_from(bindparam(f"was_{name}", type_=table.c[name].type))
            for name in self._guards
        ]
        which = and_(self._key == bindparam("of"), *guards, *self._among)
        return Prepared(update(table).where(which).values(self._kept_or(values)))

    def _for_all(self) -> Prepared:
        table = self._table
        given = _unnested(self._parameters)
        guards = [table.c[name].is_not_distinct_from(given.c[f"was_{name}"]) for name in self._guards]
        values = {name: given.c[f"to_{name}"] for name in self._names}
        which = and_(self._key == given.c.of, *guards, *self._among)
        changes = update(table).where(which).values(self._kept_or(values))
        return Prepared(changes.returning(self._key), [self._key])

    def _kept_or(self, values: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
        return {
            name: func.coalesce(self._table.c[name], value) if name in self._kept else value
            for name, value in values.items()
        }


class BulkInsert:
    """New rows. `names`: the columns that each row gives; `constants`: the same in every row.

    `replaces`: columns that name a row; one that is there with the same values is overwritten.
    """

    def __init__(
        self,
        table: Table,
        names: Sequence[str],
        constants: Mapping[str, Any] = MappingProxyType({}),
        *,
        replaces: Sequence[str] = (),
    ) -> None:
        self._table = table
        self._constants = constants
        self._replaces = replaces
        (self._key,) = table.primary_key.columns
        self._columns = {name: table.c[name] for name in names}
        values = {name: bindparam(name, type_=column.type) for name, column in self._columns.items()}
        self._one = self._stored(insert(table).values(values | dict(constants)))
        self._all: Prepared | None = None

    def run(self, session: Session, batch: Sequence[Row]) -> list[int]:
        """The keys, in the order of the batch."""
        if not session.is_remote or len(batch) == 1:
            return [key for (key,) in session.rows_of_many(self._one, batch)]
        if self._all is None:
            self._all = self._for_all()
        # Rows are numbered as they come, and keys only rise.
        return sorted(key for (key,) in session.rows(self._all, columns_of(batch, self._columns)))

    def _for_all(self) -> Prepared:
        given = _unnested(self._columns)
        constants = [
            bindparam(None, value, type_=self._table.c[name].type) for name, value in self._constants.items()
        ]
        rows = select(*given.c, *constants)
        return self._stored(insert(self._table).from_select([*self._columns, *self._constants], rows))

    def _stored(self, new: Insert) -> Prepared:
        if self._replaces:
            others = {name: new.excluded[name] for name in self._columns if name not in self._replaces}
            new = new.on_conflict_do_update(index_elements=self._replaces, set_=others)
        return Prepared(new.returning(self._key), [self._key])


def columns_of(batch: Sequence[Row], names: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in batch] for name in names}


def _unnested(columns: Mapping[str, Column[Any]]) -> TableValuedAlias:
    arrays = [bindparam(name, type_=Array(_unbounded(column))) for name, column in columns.items()]
    given = func.unnest(*arrays).table_valued(*columns, name="given")
    return given.render_derived()


def _unbounded(column: Column[Any]) -> Any:
    # A cast to VARCHAR(20) cuts off what an assignment would refuse.
    return String() if isinstance(column.type, String) else column.type

"""PostgreSQL's arrays: the values that many rows have in one column, as one parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import TypeEngine, UserDefinedType

Processor = Callable[[Any], Any]


class Array(UserDefinedType[list[Any]]):
    """Written in the text form, as in "8.15.6 Array Input and Output Syntax" of PostgreSQL's manual.

    SQLAlchemy's own hands a list to the driver, which looks at each item's type once more.
    """

    cache_ok = True
    render_bind_cast = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        self.of = of

    def get_col_spec(self, **_: Any) -> str:
        from leoflow_server.store.prepared import numbered

        return f"{self.of.compile(dialect=numbered())}[]"

    def bind_processor(self, dialect: Dialect) -> Processor:
        process = self.of.dialect_impl(dialect).bind_processor(dialect)

        def written(values: list[Any]) -> str:
            first = values[0]
            if values.count(first) == len(values):
                # Most columns of a batch: the state before and after, what no task has.
                items = [_item(first if process is None else process(first))] * len(values)
            elif process is None:
                items = [_item(value) for value in values]
            else:
                items = [_item(process(value)) for value in values]
            return "{" + ",".join(items) + "}"

        return written


def _item(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        # PostgreSQL has no NUL in texts.
        return '"' + value.replace("\x00", "␀").replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bytes | bytearray | memoryview):
        return '"\\\\x' + bytes(value).hex() + '"'
    return repr(value)  # a boolean's too: PostgreSQL reads True and False

"""Work that happens whenever the file is loaded, and not in a task."""

from __future__ import annotations

from collections.abc import Iterator

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.diagnostics.catalogue.checks import TOP_LEVEL_CALL
from leoflow_compiler.evaluate.interpreter import Interpreter

# Functions that go over the network when they are called, by the beginning of their paths.
_NETWORK = (
    "requests.get",
    "requests.post",
    "requests.put",
    "requests.head",
    "requests.request",
    "httpx.get",
    "httpx.post",
    "httpx.request",
    "urllib.request.urlopen",
    "urllib.request.urlretrieve",
    "psycopg2.connect",
    "psycopg.connect",
    "pymysql.connect",
    "MySQLdb.connect",
    "snowflake.connector.connect",
    "pandas.read_sql",
    "pandas.read_sql_query",
)


def calls_while_loading(interpreter: Interpreter) -> Iterator[Diagnostic]:
    """One warning for each place."""
    for path, place in interpreter.records.get("outside_calls", ()):
        if path in _NETWORK:
            message = f"`{path}` is called whenever this file is loaded, not when a task runs"
            help_text = "call it inside of a `@task`, and hand its result on"
            yield Diagnostic(code=TOP_LEVEL_CALL, message=message, span=place.span(), help=help_text)

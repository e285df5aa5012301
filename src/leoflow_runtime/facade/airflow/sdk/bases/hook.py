"""The base of hooks."""

from __future__ import annotations

from airflow.sdk.definitions.connection import Connection

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class BaseHook:
    """Knows how to find a connection; provider hooks know what to do with it."""

    def __init__(self, logger_name: str | None = None) -> None:
        self._logger_name = logger_name

    @property
    def log(self) -> Any:
        import logging

        name = self._logger_name or f"{type(self).__module__}.{type(self).__qualname__}"
        return logging.getLogger(f"airflow.task.hooks.{name}")

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """The connection of that id. Raises AirflowNotFoundException."""
        return Connection.get(conn_id)

    @classmethod
    def get_connections(cls, conn_id: str) -> list[Connection]:
        """The same, as a list of one."""
        return [cls.get_connection(conn_id)]

    def get_conn(self) -> Any:
        """The client for the other system."""
        raise NotImplementedError

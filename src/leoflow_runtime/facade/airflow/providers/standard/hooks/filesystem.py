"""A folder that a connection names."""

from __future__ import annotations

from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class FSHook(BaseHook):
    """Knows the path in the connection's extras."""

    conn_name_attr = "fs_conn_id"
    default_conn_name = "fs_default"
    conn_type = "fs"
    hook_name = "File (path)"

    def __init__(self, fs_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        try:
            self.basepath = self.get_connection(fs_conn_id).extra_dejson.get("path", "")
        except AirflowNotFoundException:
            if fs_conn_id != self.default_conn_name:
                raise
            self.basepath = ""  # nobody has to make the default connection to wait for a file

    def get_conn(self) -> None:
        """Nothing: there is no client."""

    def get_path(self) -> str:
        """The folder."""
        return self.basepath

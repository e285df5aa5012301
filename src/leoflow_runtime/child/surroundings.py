"""What a task finds around it: environment variables, variables and connections."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional

from leoflow_runtime.child import dialect
from leoflow_runtime.child.client import AgentClient

_VARIABLE, _CONNECTION = "AIRFLOW_VAR_", "AIRFLOW_CONN_"


def set_environment(launch: Mapping[str, Any], owner: str) -> None:
    """`env`, the delivered variables and connections, and what Airflow tells every task about itself."""
    context = launch.get("context") or {}
    about = {
        "DAG_OWNER": owner,
        "DAG_ID": launch["dag_id"],
        "TASK_ID": launch["task_id"],
        "DAG_RUN_ID": launch["run_id"],
        "TRY_NUMBER": str(launch["try_number"]),
        "LOGICAL_DATE": context.get("logical_date") or "",
    }
    os.environ.update(launch.get("env") or {})
    for name, value in about.items():
        os.environ[f"AIRFLOW_CTX_{name}"] = value
    for key, value in (launch.get("variables") or {}).items():
        os.environ[_VARIABLE + key.upper()] = value
    for conn_id, uri in (launch.get("connections") or {}).items():
        os.environ[_CONNECTION + conn_id.upper()] = uri


class TaskBackend(dialect.backend.Backend):  # type: ignore[misc]
    """The environment first, as in Airflow; what is not there is asked for."""

    def __init__(self, client: AgentClient) -> None:
        self._client = client

    def get_variable(self, key: str) -> Optional[str]:
        value = os.environ.get(_VARIABLE + key.upper())
        return self._client.get_variable(key) if value is None else value

    def set_variable(self, key: str, value: Optional[str], description: Optional[str]) -> None:
        self._client.set_variable(key, value, description)
        # Later reads in this process see it, although the environment would win.
        os.environ.pop(_VARIABLE + key.upper(), None)

    def get_connection(self, conn_id: str) -> Optional[str]:
        uri = os.environ.get(_CONNECTION + conn_id.upper())
        return self._client.get_connection(conn_id) if uri is None else uri

    def trigger_run(self, dag_id: str, **wanted: Any) -> Dict[str, Any]:
        return self._client.trigger_run(dag_id, **wanted)

    def get_states(self, dag_id: str, **wanted: Any) -> Dict[str, Any]:
        return self._client.get_states(dag_id, **wanted)

    def get_latest_window(self) -> Dict[str, Any]:
        return self._client.get_latest_window()


def passwords(connections: Mapping[str, str]) -> List[str]:
    """Passwords of the delivered connections, longest first; too short ones would mask everything."""
    found: Dict[str, None] = {}
    for conn_id, text in connections.items():
        try:
            password = dialect.connection.Connection.from_text(conn_id, text).password
        except (ValueError, TypeError):
            # Unreadable: the task is told when it asks for it. Nothing of it may be shown.
            password = text
        if password and len(password) > 4:
            found[password] = None
    return sorted(found, key=len, reverse=True)

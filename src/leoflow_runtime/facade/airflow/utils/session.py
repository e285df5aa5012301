"""Sessions of Airflow's database: tasks have none, in Airflow 3 as here."""

from __future__ import annotations

from airflow.sdk.definitions._internal.unsupported import refused_class

NEW_SESSION = None
create_session = refused_class("create_session", "A session of Airflow's database")


def provide_session(function: object) -> type:
    """Calls of such a function are refused."""
    return create_session

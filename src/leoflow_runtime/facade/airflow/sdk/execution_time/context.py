"""The context of the running task under Airflow's internal path."""

from __future__ import annotations

from airflow.sdk.definitions.context import context_merge, get_current_context  # noqa: F401

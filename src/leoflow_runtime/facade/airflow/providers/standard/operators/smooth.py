"""A task that plays a song. Built as declared; it does not run yet."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.unsupported import not_run


@not_run
class SmoothOperator(BaseOperator):
    """Logs a link."""

    ui_color = "#e8f7e4"

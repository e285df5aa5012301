"""A task that does nothing."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class EmptyOperator(BaseOperator):
    """Groups or joins other tasks; normally it succeeds without being run."""

    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True

    def execute(self, context: Any) -> None:
        """Nothing."""

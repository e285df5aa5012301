"""Waiting for a function to say yes."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class PythonSensor(BaseSensorOperator):
    """Until the function returns something true."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Any,
        op_args: Any = None,
        op_kwargs: Any = None,
        templates_dict: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        self.op_args = op_args or []
        self.op_kwargs = op_kwargs or {}

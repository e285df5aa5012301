"""Waiting for a function to say yes."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator, PokeReturnValue
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.signature import keyword_arguments
from airflow.sdk.definitions.context import context_merge

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

    def poke(self, context: Any) -> Any:
        context_merge(context, self.op_kwargs, templates_dict=self.templates_dict)
        self.op_kwargs = keyword_arguments(self.python_callable, self.op_args, context)
        self.log.info("Poking callable: %s", self.python_callable)
        found = self.python_callable(*self.op_args, **self.op_kwargs)
        return found if isinstance(found, PokeReturnValue) else PokeReturnValue(bool(found))

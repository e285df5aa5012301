"""Variables."""

from __future__ import annotations

import json

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time import backend

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class Variable:
    """A named text of the installation; JSON where one asks for that."""

    @classmethod
    def get(
        cls,
        key: str,
        default: Any = NOTSET,
        deserialize_json: bool = False,
        default_var: Any = NOTSET,
    ) -> Any:
        """The value, or the default. Raises AirflowRuntimeError when there is neither."""
        value = backend.current().get_variable(key)
        if value is None:
            # `default_var` is the older spelling.
            default = default_var if isinstance(default, ArgNotSet) else default
            if isinstance(default, ArgNotSet):
                raise AirflowRuntimeError(f"Variable {key} not found")
            return default
        return json.loads(value) if deserialize_json else value

    @classmethod
    def set(cls, key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
        """Store a value as text, or as JSON."""
        text = json.dumps(value, indent=2) if serialize_json else str(value)
        backend.current().set_variable(key, text, description)

    @classmethod
    def delete(cls, key: str) -> None:
        """Remove it."""
        backend.current().set_variable(key, None, None)

"""Parameters of a DAG or a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

from airflow.sdk.definitions._internal.mixins import ResolveMixin
from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.exceptions import ParamValidationError

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk.definitions.dag import DAG


class Param:
    """A default value with a description and a JSON Schema; the control plane validates."""

    def __init__(
        self, default: Any = NOTSET, description: str | None = None, source: str | None = None, **kwargs: Any
    ) -> None:
        schema = kwargs.pop("schema", kwargs)
        self.value = default
        self.description = description
        self.source = source
        self.schema = schema

    @property
    def has_value(self) -> bool:
        return not isinstance(self.value, ArgNotSet)

    def resolve(self, value: Any = NOTSET, suppress_exception: bool = False) -> Any:
        """The given value or the default. Raises ParamValidationError when there is neither."""
        final = self.value if isinstance(value, ArgNotSet) else value
        if isinstance(final, ArgNotSet):
            if suppress_exception:
                return None
            raise ParamValidationError("No value passed and Param has no default value")
        self.value = final
        return final

    def __repr__(self) -> str:
        return f"Param({self.value!r})"


class ParamsDict(MutableMapping):
    """Names to parameters that reads like names to values."""

    def __init__(self, params: Mapping[str, Any] | None = None, suppress_exception: bool = False) -> None:
        self._params: dict[str, Param] = {}
        self.suppress_exception = suppress_exception
        for name, value in (params._params if isinstance(params, ParamsDict) else params or {}).items():
            self._params[name] = value if isinstance(value, Param) else Param(value)

    def __getitem__(self, name: str) -> Any:
        return self._params[name].resolve(suppress_exception=self.suppress_exception)

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, Param):
            self._params[name] = value
        elif name in self._params:
            self._params[name].resolve(value)
        else:
            self._params[name] = Param(value)

    def __delitem__(self, name: str) -> None:
        del self._params[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def get_param(self, name: str) -> Param:
        return self._params[name]

    def dump(self) -> dict[str, Any]:
        """Names to values, for those that have one."""
        return {name: param.value for name, param in self._params.items() if param.has_value}

    def __repr__(self) -> str:
        return repr(self.dump())


class DagParam(ResolveMixin):
    """A run's value of one DAG parameter: what the arguments of an `@dag` function are inside it."""

    def __init__(self, current_dag: DAG, name: str, default: Any = NOTSET) -> None:
        if not isinstance(default, ArgNotSet):
            current_dag.params[name] = default
        self._name = name
        self._default = default

    def iter_references(self) -> Iterator[Any]:
        return iter(())

    def resolve(self, context: Any) -> Any:
        if self._name in context["params"]:
            return context["params"][self._name]
        if not isinstance(self._default, ArgNotSet):
            return self._default
        raise ParamValidationError(f"No value could be resolved for parameter {self._name}")

    def __repr__(self) -> str:
        return f"DagParam({self._name!r})"

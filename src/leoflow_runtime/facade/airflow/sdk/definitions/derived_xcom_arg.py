"""Outputs made of outputs, without a task of their own: `.map`, `.filter`, `.zip`, `.concat`."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.definitions.xcom_arg import XCOM_RETURN_KEY, XComArg

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class _Derived(XComArg):
    """Reads `inputs` when the task runs; each of them is a list, or a dict, of which the keys count."""

    key = XCOM_RETURN_KEY
    verb = ""

    def __init__(self, *inputs: Any) -> None:
        self.inputs = inputs

    @property
    def operator(self) -> Any:  # type: ignore[override]
        raise AttributeError(f"{self.verb}() makes an output without a task of its own")

    def __getitem__(self, item: str) -> XComArg:
        raise TypeError(f"{type(self).__name__!r} object is not subscriptable")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        first, *others = self.inputs
        return f"{first!r}.{self.verb}({', '.join(map(repr, others))})"

    __str__ = __repr__

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        for one in self.inputs:
            if isinstance(one, XComArg):
                yield from one.iter_references()

    def _values(self, context: Any) -> list[Any]:
        """Raises ValueError for what cannot be gone through."""
        found = []
        for one in self.inputs:
            value = one.resolve(context) if isinstance(one, XComArg) else one
            if not isinstance(value, (Sequence, dict)):
                raise ValueError(f"XCom {self.verb} expects sequence or dict, not {type(value).__name__}")
            found.append(list(value))
        return found


class _ByFunction(_Derived):
    def __init__(self, source: XComArg, f: Callable[[Any], Any] | None) -> None:
        if getattr(f, "_airflow_is_task_decorator", False):
            raise ValueError(f"{self.verb}() argument must be a plain function, not a @task operator")
        super().__init__(source)
        self.function = f


class MapXComArg(_ByFunction):
    """What a function makes of each item."""

    verb = "map"

    def resolve(self, context: Any) -> Any:
        (items,) = self._values(context)
        return [self.function(item) if self.function else item for item in items]


class FilterXComArg(_ByFunction):
    """The items for which a function (without one: the item itself) is true."""

    verb = "filter"

    def resolve(self, context: Any) -> Any:
        (items,) = self._values(context)
        return list(filter(self.function, items))


class ZipXComArg(_Derived):
    """Tuples; as many as the shortest input has items, or as the longest with a `fillvalue`."""

    verb = "zip"

    def __init__(self, *inputs: Any, fillvalue: Any = NOTSET) -> None:
        super().__init__(*inputs)
        self.fillvalue = fillvalue

    def resolve(self, context: Any) -> Any:
        values = self._values(context)
        if isinstance(self.fillvalue, ArgNotSet):
            return list(zip(*values))
        from itertools import zip_longest

        return list(zip_longest(*values, fillvalue=self.fillvalue))


class ConcatXComArg(_Derived):
    """One list of all."""

    verb = "concat"

    def resolve(self, context: Any) -> Any:
        return [item for items in self._values(context) for item in items]

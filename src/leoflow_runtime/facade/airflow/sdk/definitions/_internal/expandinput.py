"""What tasks and groups are mapped over, checked as Airflow does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow.sdk.definitions._internal import signature
from airflow.sdk.definitions._internal.mixins import ResolveMixin
from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
from airflow.sdk.definitions.xcom_arg import XCOM_RETURN_KEY, XComArg

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Union


class MappedArgument(ResolveMixin):
    """Inside a mapped group: one argument of its function, another one in each repetition."""

    def __init__(self, expand_input: ExpandInput, key: str) -> None:
        if isinstance(expand_input, DictOfLists) and any(
            isinstance(value, MappedArgument) for value in expand_input.value.values()
        ):
            raise ValueError("Nested Mapped TaskGroups are not yet supported")
        self._input = expand_input
        self._key = key

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        yield from self._input.iter_references()

    def resolve(self, context: Any) -> Any:
        """The value that it has in this repetition."""
        return self._input.element(context)[self._key]


class DictOfLists(ResolveMixin):
    """`expand(name=[…], …)`. Raises TypeError for nothing, ValueError for an output under a key."""

    def __init__(self, value: dict[str, Any]) -> None:
        if not value:
            raise TypeError("no arguments to expand against")
        self.value = value
        _return_values_only(value)

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        for value in self.value.values():
            if isinstance(value, XComArg):
                yield from value.iter_references()

    def resolve(self, context: Any) -> Any:
        return self.element(context)

    def element(self, context: Any) -> dict[str, Any]:
        """The arguments of the instance that the context is of: the last one turns fastest, as in Airflow.

        Raises TypeError for what cannot be gone through, IndexError where there are not that many.
        """
        place = _map_index(context)
        found = {}
        for name in reversed(self.value):
            value = self.value[name]
            items = value if isinstance(value, (list, tuple, dict)) else _items(value, context)
            if not isinstance(items, (Sequence, Mapping)) or isinstance(items, (str, bytes)):
                raise TypeError(f"can't map over value of type {type(items)}")
            if not items:
                raise IndexError(f"{name!r} is mapped over nothing")
            place, here = divmod(place, len(items))
            found[name] = list(items.items())[here] if isinstance(items, Mapping) else items[here]
        if place:
            raise IndexError(f"map index {_map_index(context)} is over mapped length")
        return {name: found[name] for name in self.value}

    def is_literal(self, name: str) -> bool:
        """Whether an argument's values are in the file, so that texts among them are templates."""
        return not isinstance(self.value[name], ResolveMixin)


class ListOfDicts(ResolveMixin):
    """`expand_kwargs(…)`. Raises TypeError for anything but outputs and lists of dicts."""

    def __init__(self, value: Any) -> None:
        dicts = isinstance(value, Sequence) and all(isinstance(item, (XComArg, Mapping)) for item in value)
        if not dicts and not isinstance(value, (XComArg, MappedArgument)):
            raise TypeError(f"expected XComArg or list[dict], not {type(value).__name__}")
        self.value = value
        _return_values_only(value)

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        for value in self.value if isinstance(self.value, Sequence) else [self.value]:
            if isinstance(value, XComArg):
                yield from value.iter_references()

    def resolve(self, context: Any) -> Any:
        return self.element(context)

    def element(self, context: Any) -> dict[str, Any]:
        """The arguments of the instance that the context is of. Raises ValueError for anything but dicts."""
        items = self.value if isinstance(self.value, Sequence) else _items(self.value, context)
        if not isinstance(items, Sequence) or isinstance(items, (str, bytes)):
            raise ValueError(f"expand_kwargs() expects a list[dict], not {_kind(items)}")
        element = items[_map_index(context)]
        if isinstance(element, ResolveMixin):
            element = element.resolve(context)
        if not isinstance(element, Mapping):
            raise ValueError(f"expand_kwargs() expects a list[dict], not list[{_kind(element)}]")
        for key in element:
            if not isinstance(key, str):
                raise ValueError(
                    f"expand_kwargs() input dict keys must all be str, but {key!r} is of type {_kind(key)}"
                )
        return dict(element)

    def is_literal(self, name: str) -> bool:
        """Whether the dicts are in the file, so that texts in them are templates."""
        return isinstance(self.value, Sequence) and not any(isinstance(one, XComArg) for one in self.value)


def _map_index(context: Any) -> int:
    index: int = context["ti"].map_index
    if index < 0:
        raise RuntimeError("can't resolve task-mapping argument without expanding")
    return index


def _items(value: Any, context: Any) -> Any:
    return value.items(context) if isinstance(value, XComArg) else value.resolve(context)


def _kind(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _return_values_only(value: Any) -> None:
    if isinstance(value, XComArg):
        for operator, key in value.iter_references():
            if key != XCOM_RETURN_KEY:
                raise ValueError(f"cannot map over XCom with custom key {key!r} from {operator}")
    elif isinstance(value, Mapping):
        for item in value.values():
            _return_values_only(item)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            _return_values_only(item)


def check_values(owner: str, kwargs: Mapping[str, Any]) -> None:
    """Raise ValueError for what cannot be mapped over."""
    for name, value in kwargs.items():
        if isinstance(value, str) or not isinstance(value, (MappedArgument, XComArg, Mapping, Sequence)):
            raise ValueError(
                f"{owner}.expand() got an unexpected type {type(value).__name__!r} "
                f"for keyword argument {name}"
            )


def check_names(function: Callable[..., Any], owner: str, method: str, kwargs: Mapping[str, Any]) -> None:
    """Raise TypeError for arguments that a function does not take, ValueError for names of the context."""
    shadowed = sorted(KNOWN_CONTEXT_KEYS.intersection(kwargs))
    if shadowed:
        raise ValueError(f"cannot call {method}() on task context variable {shadowed[0]!r}")
    params = signature.parameters(function)
    if any(param.kind == signature.VAR_KEYWORD for param in params):
        return
    names = {param.name for param in params if param.kind != signature.POSITIONAL_ONLY}
    unknown = [name for name in kwargs if name not in names]
    if unknown:
        raise TypeError(f"{owner}.{method}() got an unexpected keyword argument {unknown[0]!r}")


def prevent_duplicates(first: Mapping[str, Any], second: Mapping[str, Any], reason: str) -> None:
    """Raise TypeError for a name in both."""
    both = sorted(first.keys() & second.keys())
    if both:
        plural = "s" if len(both) > 1 else ""
        raise TypeError(f"{reason} argument{plural}: {', '.join(both)}")


if TYPE_CHECKING:
    ExpandInput = Union[DictOfLists, ListOfDicts]

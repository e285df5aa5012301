"""Light dataclasses behave as the standard library's do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from leoflow_runtime.light import dataclass as light

OPTIONS: dict[str, Any] = {"frozen": True, "kw_only": True, "slots": True, "order": True}


class Pair:
    one: int
    two: str = "b"
    three: list[int] = dataclasses.field(default_factory=list)
    unseen: int = dataclasses.field(default=0, repr=False, compare=False)


def made(decorator: Any, **options: Any) -> Any:
    own = {name: value for name, value in vars(Pair).items() if not name.startswith("__")}
    namespace = {**own, "__annotations__": Pair.__annotations__, "__doc__": "A pair."}
    namespace |= {"__module__": __name__, "__qualname__": "Pair"}
    return decorator(**options)(type("Pair", (), namespace))


Standard, Light = made(dataclasses.dataclass, **OPTIONS), made(light, **OPTIONS)
GIVEN = ({"one": 1}, {"one": 1, "two": "c"}, {"one": 2, "three": [1]}, {"one": 1, "unseen": 5})


@light(frozen=True, slots=True)
class Single:
    """One field, which is compared as it is."""

    value: object


@light(frozen=True, kw_only=True, slots=True)
class Kept:
    """What pickle finds by its name."""

    name: str
    more: tuple[int, ...] = ()


@pytest.mark.parametrize("first", GIVEN, ids=str)
@pytest.mark.parametrize("second", GIVEN, ids=str)
def test_comparisons_are_those_of_the_standard_library(first: dict[str, Any], second: dict[str, Any]) -> None:
    ours, theirs = (Light(**first), Light(**second)), (Standard(**first), Standard(**second))
    for name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        assert getattr(ours[0], name)(ours[1]) == getattr(theirs[0], name)(theirs[1]), name
    assert repr(ours[0]) == repr(theirs[0])


def test_what_is_equal_has_one_hash() -> None:
    assert hash(Kept(name="a", more=(1,))) == hash(Kept(name="a", more=(1,)))
    assert len({Kept(name="a"), Kept(name="a"), Kept(name="b")}) == 2
    assert Single(1) == Single(1.0)
    assert Single(1) != Kept(name="1")


def test_what_can_change_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(made(light, slots=True)(1))


def test_the_rest_of_the_library_takes_it_as_its_own() -> None:
    kept = Kept(name="a", more=(1,))
    assert dataclasses.replace(kept, name="b") == Kept(name="b", more=(1,))
    assert dataclasses.asdict(kept) == {"name": "a", "more": (1,)}
    assert pickle.loads(pickle.dumps(kept)) == copy.deepcopy(kept) == kept
    with pytest.raises(TypeError, match="name"):
        Kept()  # type: ignore[call-arg]

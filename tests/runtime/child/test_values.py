"""XCom values: what comes back equals what went in, or nothing goes in."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import json
import math
import uuid
import zoneinfo
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leoflow_runtime.child import values

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.decimals(allow_nan=False)
    | st.datetimes()
    | st.datetimes(timezones=st.just(datetime.UTC))
    | st.datetimes(timezones=st.sampled_from([zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("UTC")]))
    | st.sets(st.integers())
    | st.frozensets(st.text())
)
keys = st.text() | st.sampled_from([values.TAG, "value"])
storable = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


# A busy machine is not a slow strategy.
steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@steady
@given(storable)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    text = values.encode(value, "k")

    back = values.decode(json.loads(text))

    assert back == value
    assert type(back) is type(value)


@steady
@given(storable)
def test_equal_values_have_one_text_of_strict_json(value: Any) -> None:
    text = values.encode(value, "k")

    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    text.encode("utf-8")
    assert values.encode(values.decode(json.loads(text)), "k") == text


def test_plain_json_is_stored_as_it_is() -> None:
    assert values.encode({"a": [1, None, "ü"], "b": {"c": 1.5}}, "k") == '{"a":[1,null,"ü"],"b":{"c":1.5}}'


def test_tuples_become_lists() -> None:
    assert values.encode((1, (2, 3)), "k") == "[1,[2,3]]"


def test_containers_of_collections_become_plain_dicts() -> None:
    assert values.encode(collections.OrderedDict(a=1), "k") == '{"a":1}'
    assert values.encode(collections.defaultdict(list, a=[1]), "k") == '{"a":[1]}'


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: int


@dataclass
class Row:
    x: int


REFUSED = [
    (math.nan, "float (nan)", "return None"),
    ([1, math.inf], "float (inf)", "return None"),
    (Colour.RED, "Colour", "return value.value"),
    (Point(1), "Point", "value._asdict()"),
    (Row(1), "Row", "dataclasses.asdict(value)"),
    (range(3), "range", "return list(value)"),
    ((n for n in [1]), "generator", "return list(value)"),
    ({1: "a"}, "dict with a key of type int", "use strings as keys"),
    (object(), "object", "return strings, numbers"),
    (
        datetime.time(1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        "datetime.time",
        "return strings, numbers",
    ),
]


@pytest.mark.parametrize(("value", "kind", "hint"), REFUSED)
def test_what_cannot_come_back_is_refused_by_type_and_key(value: Any, kind: str, hint: str) -> None:
    with pytest.raises(values.ValueNotStorable) as caught:
        values.encode(value, "report")

    assert "'report'" in str(caught.value)
    assert kind in str(caught.value)
    assert hint in str(caught.value)


def test_the_place_inside_a_value_is_named() -> None:
    with pytest.raises(values.ValueNotStorable, match=r"at \['rows'\]\[1\]"):
        values.encode({"rows": [1, object()]}, "k")


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(values.ValueNotStorable, match="contains itself"):
        values.encode(value, "k")


@pytest.mark.parametrize(("size", "fits"), [(values.LIMIT_BYTES, True), (values.LIMIT_BYTES + 1, False)])
def test_the_cap_is_256_kib_of_json(size: int, fits: bool) -> None:
    value = "x" * (size - len('""'))

    if fits:
        assert len(values.encode(value, "k")) == size
    else:
        with pytest.raises(values.ValueTooLarge, match=r"'k' is 262,145 bytes of JSON, more than .* 262,144"):
            values.encode(value, "k")


def test_the_cap_counts_bytes_not_characters() -> None:
    with pytest.raises(values.ValueTooLarge):
        values.encode("ü" * 140_000, "k")


def test_numbers_of_numpy_are_plain_numbers() -> None:
    class Scalar:
        ndim = 0

        def item(self) -> float:
            return 2.5

    Scalar.__module__ = "numpy"

    assert values.encode([Scalar()], "k") == "[2.5]"


def test_arrays_of_numpy_are_refused_with_the_way_out() -> None:
    class ndarray:
        ndim = 1

    ndarray.__module__ = "numpy"

    with pytest.raises(values.ValueNotStorable, match=r"numpy.ndarray.*return value.tolist\(\)"):
        values.encode(ndarray(), "k")


def test_a_tag_that_nobody_knows_stays_a_dict() -> None:
    assert values.decode({values.TAG: "from-the-future", "value": 1}) == {
        values.TAG: "from-the-future",
        "value": 1,
    }


def test_the_kinds_that_are_tagged_are_as_documented() -> None:
    text = values.encode({"at": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)}, "k")

    assert json.loads(text) == {"at": {"__leoflow__": "datetime", "value": "2026-01-02T00:00:00+00:00"}}
    assert values.decode({"__leoflow__": "decimal", "value": "1.10"}) == decimal.Decimal("1.10")
    assert values.decode({"__leoflow__": "uuid", "value": str(uuid.UUID(int=1))}) == uuid.UUID(int=1)

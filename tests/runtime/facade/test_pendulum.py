"""The stand-in for Pendulum, where a DAG's environment has none."""

from __future__ import annotations

import datetime
import importlib.util
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from leoflow_runtime.child import dialect


@pytest.fixture(scope="module")
def pendulum() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stand_in", f"{dialect.FALLBACK}/pendulum.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_start_dates(pendulum: ModuleType) -> None:
    berlin = ZoneInfo("Europe/Berlin")

    assert pendulum.datetime(2026, 3, 1) == datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    assert pendulum.datetime(2026, 7, 1, 12, tz="Europe/Berlin") == datetime.datetime(
        2026, 7, 1, 12, tzinfo=berlin
    )
    assert pendulum.timezone("Europe/Berlin") is berlin
    assert pendulum.duration(days=2, hours=1) == datetime.timedelta(days=2, hours=1)
    assert pendulum.parse("2026-03-01T04:05:06Z") == pendulum.datetime(2026, 3, 1, 4, 5, 6)
    assert pendulum.instance(datetime.datetime(2026, 3, 1)) == pendulum.datetime(2026, 3, 1)


def test_arithmetic(pendulum: ModuleType) -> None:
    date = pendulum.datetime(2026, 1, 31, 7, 30)

    assert date.add(days=1, hours=2) == pendulum.datetime(2026, 2, 1, 9, 30)
    assert date.add(months=1) == pendulum.datetime(2026, 2, 28, 7, 30)
    assert date.subtract(years=1, months=2) == pendulum.datetime(2024, 11, 30, 7, 30)
    assert date.start_of("month") == pendulum.datetime(2026, 1, 1)
    assert date.in_timezone("Asia/Tokyo").hour == 16
    assert (date.to_date_string(), date.int_timestamp) == ("2026-01-31", 1769844600)
    assert pendulum.today("UTC").hour == 0
    assert pendulum.yesterday("UTC") < pendulum.now("UTC") < pendulum.tomorrow("UTC")


@pytest.mark.parametrize("expression", ["pendulum.Interval", "pendulum.now().diff_for_humans()"])
def test_anything_else_says_what_to_install(pendulum: ModuleType, expression: str) -> None:
    with pytest.raises(AttributeError, match=r"add pendulum to `dependencies` in leoflow.yaml"):
        eval(expression)

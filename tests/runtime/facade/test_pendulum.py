"""The stand-in for Pendulum, where a DAG's environment has none."""

from __future__ import annotations

import datetime
import importlib
import sys
from types import ModuleType, SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from leoflow_compiler.models import pendulum as models
from leoflow_runtime.child import dialect


@pytest.fixture(scope="module")
def pendulum() -> ModuleType:
    assert dialect.FALLBACK in sys.path
    module = importlib.import_module("pendulum")
    assert module.__version__ == "0.0+leoflow", "an installed Pendulum wins"
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


BERLIN = "pendulum.datetime(2026, 1, 31, 15, 4, 5, tz='Europe/Berlin')"
# What Pendulum 3 gives.
EXPRESSIONS = {
    f"{BERLIN}.format('YYYY-MM-DD HH:mm:ss')": "2026-01-31 15:04:05",
    f"{BERLIN}.format('YY MMMM MMM MM DD dddd ddd hh A [at] DDDD')": (
        "26 January Jan 01 31 Saturday Sat 03 PM at 031"
    ),
    f"{BERLIN}.add(months=1).to_date_string()": "2026-02-28",
    f"{BERLIN}.add(days=-40).isoformat()": "2025-12-22T15:04:05+01:00",
    f"{BERLIN}.start_of('week').isoformat()": "2026-01-26T00:00:00+01:00",
    f"{BERLIN}.end_of('month').isoformat()": "2026-01-31T23:59:59.999999+01:00",
    f"{BERLIN}.set(hour=1, tz='UTC').isoformat()": "2026-01-31T01:04:05+00:00",
    f"{BERLIN}.in_timezone('UTC').to_iso8601_string()": "2026-01-31T14:04:05Z",
    f"{BERLIN}.to_time_string()": "15:04:05",
    f"{BERLIN}.quarter": 1,
    f"{BERLIN}.days_in_month": 31,
    f"{BERLIN}.day_of_week": 5,
    f"{BERLIN}.day_of_year": 31,
    f"{BERLIN}.timezone_name": "Europe/Berlin",
    f"{BERLIN}.diff(pendulum.datetime(2026, 1, 1)).in_days()": 30,
    f"({BERLIN} - pendulum.datetime(2026, 1, 1)).in_hours()": 734,
    "pendulum.datetime(2026, 3, 29, 1, 30, tz='Europe/Berlin').add(hours=1).isoformat()": (
        "2026-03-29T03:30:00+02:00"
    ),
    "pendulum.duration(months=1, years=1).in_days()": 395,
    "pendulum.from_format('20260102', 'YYYYMMDD', tz='Asia/Tokyo').isoformat()": "2026-01-02T00:00:00+09:00",
    "pendulum.time(15, 0, 0).isoformat()": "15:00:00",
}
# What only tasks and the files that they import need: the compiler does not read it.
MORE = {
    f"{BERLIN}.format('Y Q M D Do dd d E H h m s SSS a X ZZ Z z zz')": (
        "2026 1 1 31 31st Sa 6 6 15 3 4 5 000 a 1769868245 +0100 +01:00 Europe/Berlin CET"
    ),
    f"{BERLIN}.format('LTS | LT | L | LL | LLL | LLLL')": (
        "3:04:05 PM | 3:04 PM | 01/31/2026 | January 31, 2026 | January 31, 2026 3:04 PM "
        "| Saturday, January 31, 2026 3:04 PM"
    ),
    f"{BERLIN}.at(3).naive().isoformat()": "2026-01-31T03:00:00",
    f"{BERLIN}.on(2025, 1, 2).week_of_year": 1,
    # Clocks go forward over the first of these, and show the second twice.
    "pendulum.datetime(2026, 3, 29, 2, 30, tz='Europe/Berlin').isoformat()": "2026-03-29T03:30:00+02:00",
    "pendulum.datetime(2026, 10, 25, 2, 30, tz='Europe/Berlin').isoformat()": "2026-10-25T02:30:00+01:00",
    "pendulum.datetime(2026, 3, 28, 2, 30, tz='Europe/Berlin').add(days=1).isoformat()": (
        "2026-03-29T03:30:00+02:00"
    ),
    "pendulum.datetime(2026, 10, 25, 0, 30).in_tz('Europe/Berlin').isoformat()": "2026-10-25T02:30:00+02:00",
}


@pytest.mark.parametrize("expression", [*EXPRESSIONS, *MORE])
def test_it_gives_what_pendulum_gives(pendulum: ModuleType, expression: str) -> None:
    assert eval(expression, {"pendulum": pendulum}) == {**EXPRESSIONS, **MORE}[expression]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_and_so_does_the_compiler(expression: str) -> None:
    modelled = {path.rpartition(".")[2]: function for path, function in models._FUNCTIONS.items()}

    assert eval(expression, {"pendulum": SimpleNamespace(**modelled)}) == EXPRESSIONS[expression]


@pytest.mark.parametrize("expression", ["pendulum.Interval", "pendulum.now().diff_for_humans()"])
def test_anything_else_says_what_to_install(pendulum: ModuleType, expression: str) -> None:
    with pytest.raises(AttributeError, match=r"add pendulum to `dependencies` in leoflow.yaml"):
        eval(expression)

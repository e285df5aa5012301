"""Annotated data edges: those that cannot fit, and many that may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Optional

import pendulum
from airflow.sdk import DAG, task


class Rows(list):
    pass


with DAG("types", schedule="30 2 * * *", start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin")):

    @task
    def text() -> str:
        return "a"

    @task
    def nothing() -> None: ...

    @task
    def numbers() -> list[int]:
        return [1]

    @task(multiple_outputs=True)
    def both() -> dict[str, int]:
        return {"a": 1}

    @task
    def rows() -> Rows:
        return Rows()

    @task
    def maybe() -> str | None:
        return None

    @task
    def takes_rows(rows: list[str]): ...

    @task
    def takes_text(text: "str"): ...

    @task
    def takes_number(number: float, other: Optional[int] = None): ...

    @task
    def takes_any(value: Any, values: Sequence[Any] = (), more: Iterable[str] = ()): ...

    @task
    def best(trials: list[float]): ...

    @task
    def by_key(table: dict[str, list[str]]): ...

    @task
    def trial(rate: float) -> float:
        return rate

    # cannot fit
    takes_rows(text())
    takes_rows(numbers())
    takes_text(nothing())
    takes_number(1.0, other=text())
    by_key(both())
    best([text(), text()])
    takes_text(both()["a"])

    # may fit
    takes_any(text(), values=numbers(), more=text())
    takes_rows(rows())
    takes_text(maybe())
    takes_number(trial(0.1))
    best([trial(rate) for rate in (0.1, 0.2)])

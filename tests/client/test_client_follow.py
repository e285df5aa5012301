"""Waiting, with a clock of our own."""

from typing import Any

import pytest

from leoflow_compiler.client.control_plane import LogPage
from leoflow_compiler.client.errors import TimedOut
from leoflow_compiler.client.follow import Clock, LogReader, last_lines, wait_for_run


class Runs:
    """A server that has the run in one state after the other."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return {"state": self.states.pop(0) if len(self.states) > 1 else self.states[0]}


class Time:
    def __init__(self) -> None:
        self.pauses: list[float] = []

    def clock(self) -> Clock:
        return Clock(now=lambda: sum(self.pauses), pause=self.pauses.append)


def wait(server: Runs, time: Time, timeout: float | None = None) -> dict[str, Any]:
    return wait_for_run(
        server, "d", "r", timeout=timeout, clock=time.clock(), each_time=lambda _: None  # type: ignore[arg-type]
    )  # fmt: skip


def test_pauses_grow_from_a_tenth_of_a_second_to_one() -> None:
    time = Time()
    assert wait(Runs(*["running"] * 12, "success"), time)["state"] == "success"
    assert time.pauses[0] == 0.1
    assert time.pauses == sorted(time.pauses)
    assert time.pauses[-1] == 1.0


def test_the_limit_is_kept_to_the_moment() -> None:
    time = Time()
    with pytest.raises(TimedOut, match=r"still running after 2\.5 seconds"):
        wait(Runs("running"), time, timeout=2.5)
    assert sum(time.pauses) == pytest.approx(2.5)


def test_an_ended_run_is_not_waited_for() -> None:
    time = Time()
    assert wait(Runs("failed"), time, timeout=0)["state"] == "failed"
    assert time.pauses == []


class LateLog:
    """One task whose pages come one at a time; the last says whether anything follows."""

    def __init__(self, *pages: LogPage) -> None:
        self.pages = list(pages)

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return [{"task_id": "t", "map_index": -1, "try_number": 1, "state": "success", "start_date": "x"}]

    def log(self, *_: str, **__: Any) -> LogPage:
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def read_after_the_end(server: LateLog, time: Time) -> list[str]:
    reader = LogReader(server=server, dag_id="d", run_id="r")  # type: ignore[arg-type]
    return [line.record["event"] for line in last_lines(reader, clock=time.clock())]


def test_lines_that_arrive_after_the_end_are_read() -> None:
    nothing_yet = LogPage(lines=[], following="0")
    late = LogPage(lines=[{"event": "late"}], following=None)
    time = Time()
    assert read_after_the_end(LateLog(nothing_yet, nothing_yet, late), time) == ["late"]
    assert len(time.pauses) == 2


def test_a_log_that_never_ends_is_given_up() -> None:
    time = Time()
    assert read_after_the_end(LateLog(LogPage(lines=[], following="0")), time) == []
    assert sum(time.pauses) == pytest.approx(5.0, abs=0.2)

"""When a stop is heard."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from leoflow_runtime.child.dialect import exceptions
from leoflow_runtime.child.stopping import Stop


@pytest.fixture
def stop() -> Iterator[Stop]:
    before = signal.getsignal(signal.SIGTERM)
    stop = Stop()
    stop.listen()
    yield stop
    signal.signal(signal.SIGTERM, before)


def tell() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_inside_the_block_it_is_an_exception(stop: Stop) -> None:
    with pytest.raises(exceptions.AirflowTaskTerminated):
        with stop:
            tell()


def test_before_the_block_it_stops_its_beginning(stop: Stop) -> None:
    tell()

    with pytest.raises(exceptions.AirflowTaskTerminated):
        with stop:
            pytest.fail("the block was entered")


def test_after_the_block_it_changes_nothing(stop: Stop) -> None:
    with stop:
        pass

    tell()


def test_a_second_one_does_not_disturb_the_cleaning_up(stop: Stop) -> None:
    cleaned = []

    def work() -> None:
        with stop:
            try:
                tell()
            finally:
                tell()
                cleaned.append(True)

    with pytest.raises(exceptions.AirflowTaskTerminated):
        work()
    assert cleaned == [True]

"""SIGTERM, and the end of its time, as exceptions in the user's code, so that its `finally` blocks run."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Iterator, Optional

from leoflow_runtime.child import dialect


class Stop:
    """Raises AirflowTaskTerminated, once, in the block that it is the context manager of.

    A signal that comes before the block stops it at its beginning; one that comes later changes nothing.
    """

    def __init__(self) -> None:
        self._requested = False
        self._armed = False

    def listen(self) -> None:
        """Take the process's SIGTERM. Only a main thread can; elsewhere nothing is heard."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._hear)

    def _hear(self, number: int, frame: Optional[FrameType]) -> None:
        self._requested = True
        self._raise()

    def _raise(self) -> None:
        if self._armed:
            self._armed = False
            raise dialect.exceptions.AirflowTaskTerminated("The task was told to stop (SIGTERM).")

    @contextmanager
    def time_limit(self, limit: Optional[timedelta]) -> Iterator[None]:
        """Raises AirflowTaskTimeout in the block once that much time has passed; None: never."""
        if limit is None or threading.current_thread() is not threading.main_thread():
            yield
            return
        seconds = limit.total_seconds()

        def expire(number: int, frame: Optional[FrameType]) -> None:
            raise dialect.exceptions.AirflowTaskTimeout(
                f"The task exceeded its execution timeout of {seconds:g} seconds."
            )

        if seconds <= 0:
            expire(signal.SIGALRM, None)
        before = signal.signal(signal.SIGALRM, expire)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def __enter__(self) -> None:
        self._armed = True
        if self._requested:
            self._raise()

    def __exit__(self, *exc_info: object) -> None:
        self._armed = False

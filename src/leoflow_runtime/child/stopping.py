"""SIGTERM as an exception in the user's code, so that its `finally` blocks run."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Optional

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

    def __enter__(self) -> None:
        self._armed = True
        if self._requested:
            self._raise()

    def __exit__(self, *exc_info: object) -> None:
        self._armed = False

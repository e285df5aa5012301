"""A child that is forked before there is a launch for it: the next launch need not wait for a fork."""

from __future__ import annotations

import os
import time
from typing import Optional

# It is dismissed when nothing has come for so long: an idle DAG keeps no process but its zygote.
_PATIENCE_SECONDS = 10.0


class Spare:
    """From the zygote's side, which alone decides what becomes of it. It ends with the zygote."""

    def __init__(self, pid: int, control: int) -> None:
        self.pid = pid
        self._control = control
        self._until = time.monotonic() + _PATIENCE_SECONDS

    @property
    def patience(self) -> float:
        """For how many seconds more it is kept."""
        return max(self._until - time.monotonic(), 0.0)

    def take(self, directory: str) -> bool:
        """Gives it the launch in `directory`; False if it has ended."""
        try:
            os.write(self._control, os.fsencode(directory))
        except OSError:
            return False
        finally:
            os.close(self._control)
        return True

    def dismiss(self) -> None:
        os.close(self._control)


def wait_for_launch(control: int) -> Optional[str]:
    """In the child: the folder of its launch; None if there will be none."""
    directory = os.read(control, 1 << 16)
    os.close(control)
    return os.fsdecode(directory) if directory else None

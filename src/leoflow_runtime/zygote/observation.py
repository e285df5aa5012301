"""What an imported DAG left behind that a fork would not survive: native threads and open sockets.

Observed through /proc; where there is none (macOS), forking is not offered at all.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Collection, List

# What the kernel may take to forget a thread that has been joined.
_ENDING_SECONDS = 0.05


def fork_hazards(own_fds: Collection[int]) -> List[str]:
    """Sentences naming each thread and socket besides `own_fds`; empty when forking is safe."""
    if not sys.platform.startswith("linux") or not os.path.isdir("/proc/self/task"):
        return ["forking is not used on this platform"]
    return _lasting_threads() + _sockets(own_fds)


def _lasting_threads() -> List[str]:
    """Threads that are still there after a fork has been tried.

    A library that knows about forks ends its threads before one and starts them again when it needs
    them (OpenBLAS under NumPy does); what is left after a trial belongs to one that does not.
    """
    found = _threads()
    if not found:
        return []
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    deadline = time.monotonic() + _ENDING_SECONDS
    while found and time.monotonic() < deadline:
        found = _threads()
        time.sleep(0.001)
    return found


def _threads() -> List[str]:
    main = os.getpid()
    named = {thread.native_id: thread.name for thread in threading.enumerate()}
    found = []
    for entry in sorted(os.listdir("/proc/self/task"), key=int):
        if int(entry) == main:
            continue
        name = named.get(int(entry)) or _comm(entry)
        found.append("importing the DAG started the thread %r" % name)
    return found


def _comm(thread: str) -> str:
    try:
        with open("/proc/self/task/%s/comm" % thread) as file:
            return file.read().strip()
    except FileNotFoundError:  # it ended while we looked
        return "ended"


def _sockets(own_fds: Collection[int]) -> List[str]:
    found = []
    for entry in sorted(os.listdir("/proc/self/fd"), key=int):
        if int(entry) in own_fds:
            continue
        try:
            target = os.readlink("/proc/self/fd/" + entry)
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
        if target.startswith("socket:"):
            found.append("importing the DAG opened a socket (file descriptor %s)" % entry)
    return found

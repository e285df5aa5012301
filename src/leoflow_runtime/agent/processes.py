"""Processes seen from the agent: who is alive, signals to a group, and not being readable by tasks."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys

from leoflow_runtime.zygote.records import start_time

_PR_SET_DUMPABLE = 4


def become_unreadable() -> None:
    """Keeps processes of the same user from reading this one's memory, where its tokens are."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def is_alive(pid: int, started: int | None) -> bool:
    """Whether that very process still runs: a reused pid has another start time."""
    if started is None or not os.path.isdir("/proc/self"):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return started is None
    return start_time(pid) == started


def signal_tree(pid: int, number: signal.Signals, *, descendants: bool = False) -> None:
    """Signals the group of `pid`; with `descendants`, also what left the group but not the family."""
    targets = _descendants(pid) if descendants else []
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # no group (yet): the process alone
        targets.append(pid)
    for target in targets:
        try:
            os.kill(target, number)
        except (ProcessLookupError, PermissionError):
            continue


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        try:
            with open(f"/proc/{current}/task/{current}/children", encoding="ascii") as file:
                children = [int(text) for text in file.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += children
        waiting += children
    return found


async def wait_gone(pid: int, started: int | None) -> None:
    """Returns when that very process has ended (as a zombie or entirely)."""
    if not is_alive(pid, started):
        return
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        while is_alive(pid, started):
            await asyncio.sleep(0.2)
        return
    try:
        descriptor: int = opener(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    try:
        if not is_alive(pid, started):  # the pid was reused before it was held
            return
        loop.add_reader(descriptor, gone.set)
        await gone.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)

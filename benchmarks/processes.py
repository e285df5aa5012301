"""What a set of process trees costs: CPU-seconds, children that were waited for included, and memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import psutil


def trees(roots: Iterable[int]) -> list[psutil.Process]:
    """The live processes at and below `roots`, each once."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        try:
            process = psutil.Process(root)
            for member in (process, *process.children(recursive=True)):
                found[member.pid] = member
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU used so far. A process that ended is in the account of the one that waited for it."""
    total = 0.0
    for process in trees(roots):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def pss_megabytes(roots: Iterable[int]) -> float:
    """Proportional set size: what the trees take of the machine's memory, shared pages counted once."""
    total = 0
    for process in trees(roots):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 2**20


def idle_percent(roots: Callable[[], Iterable[int]], *, seconds: float) -> float:
    """How much of one core is used while nothing is asked for."""
    before, begin = cpu_seconds(roots()), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_seconds(roots()) - before) / (time.monotonic() - begin)

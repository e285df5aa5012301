"""What an earlier agent left running, and how it ends: read from the spool and from the process table."""

from __future__ import annotations

import asyncio
from typing import Any

from leoflow_runtime.agent import processes
from leoflow_runtime.agent.spool import LaunchDirectory


async def process_of(directory: LaunchDirectory, pause: float) -> dict[str, Any] | None:
    """`process.json`, for which a living zygote may still owe us a moment; None: there never was one."""
    return await _owed(directory, "process.json", "pid", pause)


async def end_of(directory: LaunchDirectory, process: dict[str, Any], pause: float) -> dict[str, Any] | None:
    """`exit.json`, when the process and its parent have had their say; None if nobody could say."""
    await processes.wait_gone(process["pid"], process["start_time"])
    return await _owed(directory, "exit.json", "exit_code", pause)


async def _owed(directory: LaunchDirectory, name: str, key: str, pause: float) -> dict[str, Any] | None:
    """A record with `key`, which the owner of the launch's claim writes, unless it is dead."""
    owner = directory.read("claim") or {}
    while True:
        is_dead = "pid" not in owner or not processes.is_alive(owner["pid"], owner.get("start_time"))
        record = directory.read(name)
        if record is not None and key in record:
            return record
        if is_dead:
            return None
        await asyncio.sleep(pause)

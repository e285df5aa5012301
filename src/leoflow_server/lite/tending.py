"""The loop of Lite: compile what is there, then whatever is saved."""

from __future__ import annotations

import asyncio
from pathlib import Path

from leoflow_server.lite.watching import changes_projects, saves, touched
from leoflow_server.lite.workshop import Workshop


async def tend(workshop: Workshop) -> None:
    """Never returns; ends by cancellation."""
    bursts: asyncio.Queue[frozenset[Path]] = asyncio.Queue()

    async def watch() -> None:
        async for paths in saves(workshop.workspace):
            bursts.put_nowait(paths)

    async with asyncio.TaskGroup() as group:
        # Watching starts first: a save during the first compilation must not be missed.
        group.create_task(watch())
        await asyncio.sleep(0)
        group.create_task(workshop.compile(await workshop.survey()))
        while True:
            paths = await bursts.get()
            again = touched(paths, workshop.projects)
            if changes_projects(paths, workshop.projects):
                again |= frozenset(await workshop.survey())
                again &= frozenset(workshop.projects)
            if again:
                # Not awaited: one slow project must not hold up the others.
                group.create_task(workshop.compile(again))

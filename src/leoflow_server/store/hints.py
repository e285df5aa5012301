"""Hints from other replicas that the inbox has something, by LISTEN on a connection of its own.

Losing one costs nothing but time: the planner looks into its inbox every second anyway.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import psycopg

from leoflow_server.store.postgresql import CHANNEL, PostgreSql, is_pooled_async

_log = logging.getLogger("leoflow.store")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


async def listen(database: PostgreSql, heard: Callable[[], None]) -> None:
    """Calls `heard` after each announcement, and once it listens again after an outage.

    Returns only where a pooler stands between, which gives no connection of one's own.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                database.conninfo, autocommit=True, prepare_threshold=None
            ) as connection:
                if await is_pooled_async(connection):
                    _log.info(
                        "the database is reached through a pooler: hints need database_direct_url, "
                        "without it the inbox is read once a second"
                    )
                    return
                await connection.execute(f"LISTEN {CHANNEL}")
                pause = _FIRST_PAUSE
                heard()
                async for _ in connection.notifies():
                    heard()
        except psycopg.Error as error:
            _log.warning("hints of other replicas are not heard: %s", str(error).splitlines()[:1])
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)

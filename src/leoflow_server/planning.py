"""What a replica does only while it plans: it begins with the lease and ends with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from leoflow_server.cleaning import Policy, keep_clean
from leoflow_server.registry.following import follow_channels
from leoflow_server.store.dialects import database

if TYPE_CHECKING:
    from leoflow_server.execution import Execution
    from leoflow_server.services import Services

_log = logging.getLogger("leoflow.server")
_AGAIN_SECONDS = 2.0


async def take_turns(services: Services, execution: Execution) -> None:
    """Never returns. Raises what ends one of the parts."""
    engine = services.engine
    while True:
        await engine.wait_until_planning()
        standing_by = asyncio.ensure_future(engine.wait_until_standing_by())
        parts = [standing_by, *map(asyncio.ensure_future, _parts(services, execution))]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        await execution.stand_by()


def _parts(services: Services, execution: Execution) -> list[Coroutine[Any, Any, None]]:
    settings = services.settings
    return [
        _take_up(execution),
        follow_channels(services),
        _hear(services),
        keep_clean(services.store, services.logs, Policy.of(settings), every=settings.retention_seconds),
    ]


async def _take_up(execution: Execution) -> None:
    while True:
        try:
            await execution.take_up()
            break
        except Exception:  # noqa: BLE001 - told to the log
            _log.exception("the executor could not be taken up; again in %.0f s", _AGAIN_SECONDS)
            await asyncio.sleep(_AGAIN_SECONDS)
    await asyncio.get_running_loop().create_future()


async def _hear(services: Services) -> None:
    """Of what other replicas have put into the inbox."""
    settings = services.settings
    if services.store.is_shared:
        from leoflow_server.store.hints import listen
        from leoflow_server.store.postgresql import PostgreSql

        direct = database(settings.database_direct_url or settings.database_url)
        if isinstance(direct, PostgreSql):
            await listen(direct, services.engine.poke)
    await asyncio.get_running_loop().create_future()

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.api.server import Server, running_server

Story = Callable[[Server], Coroutine[Any, Any, None]]


@pytest.fixture
def tell(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Runs a story against a fresh server: `tell(story, **settings)`.

    On SQLite, or on PostgreSQL with LEOFLOW_TEST_DATABASE=postgresql.
    """
    on_postgresql = os.environ.get("LEOFLOW_TEST_DATABASE") == "postgresql"

    def run(story: Story, **changes: Any) -> None:
        if on_postgresql:
            changes["database_url"] = request.getfixturevalue("empty_postgresql")

        async def main() -> None:
            async with running_server(tmp_path / "home", **changes) as server:
                await asyncio.wait_for(story(server), 60)

        asyncio.run(main())

    return run

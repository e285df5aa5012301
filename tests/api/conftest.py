from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.api.server import Server, running_server

Story = Callable[[Server], Coroutine[Any, Any, None]]


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., None]:
    """Runs a story against a fresh server: `tell(story, **settings)`."""

    def run(story: Story, **changes: Any) -> None:
        async def main() -> None:
            async with running_server(tmp_path / "home", **changes) as server:
                await asyncio.wait_for(story(server), 60)

        asyncio.run(main())

    return run

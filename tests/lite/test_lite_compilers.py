"""The compiler beside Lite: warm, replaced when it dies, gone when nobody asks."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from leoflow_server.lite.compilers import Compiled, CompilerPool, Refused

DAG = """
from airflow.sdk import DAG, task

with DAG("{dag_id}"):

    @task
    def only():
        return 1

    only()
"""

SILENT = (sys.executable, "-c", "import sys; sys.stdin.read()")
DYING = (sys.executable, "-c", "import sys; sys.stdin.readline(); sys.exit(3)")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEOFLOW_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("one", "two", "three"):
        folder = tmp_path / "dags" / name
        folder.mkdir(parents=True)
        (folder / "dag.py").write_text(DAG.format(dag_id=name))
        (folder / "leoflow.yaml").write_text(f"dag_id: {name}\n")
    return tmp_path / "dags"


def run(story: Callable[[CompilerPool], Awaitable[None]], pool: CompilerPool) -> None:
    async def main() -> None:
        try:
            await asyncio.wait_for(story(pool), 60)
        finally:
            await pool.close()

    asyncio.run(main())


def test_one_process_serves_one_project_after_another(workspace: Path) -> None:
    async def story(pool: CompilerPool) -> None:
        for name in ("one", "two", "three"):
            result = await pool.compile(workspace, name)
            assert isinstance(result, Compiled)
            assert result.document["dag_id"] == name
        assert len(pool._idle) == 1

    run(story, CompilerPool(size=1))


def test_a_broken_project_is_told_as_on_the_command_line_and_harms_nobody(workspace: Path) -> None:
    (workspace / "two" / "dag.py").write_text("from airflow.sdk import DAG, tusk\n")

    async def story(pool: CompilerPool) -> None:
        refused = await pool.compile(workspace, "two")
        assert isinstance(refused, Refused)
        assert "two/dag.py:1" in refused.text
        assert "tusk" in refused.text
        assert isinstance(await pool.compile(workspace, "one"), Compiled)

    run(story, CompilerPool(size=1))


def test_a_killed_compiler_is_replaced(workspace: Path) -> None:
    async def story(pool: CompilerPool) -> None:
        assert isinstance(await pool.compile(workspace, "one"), Compiled)
        (process,) = pool._idle
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        assert isinstance(await pool.compile(workspace, "two"), Compiled)

    run(story, CompilerPool(size=1))


def test_a_compiler_that_dies_over_a_project_says_so(workspace: Path) -> None:
    async def story(pool: CompilerPool) -> None:
        refused = await pool.compile(workspace, "one")
        assert isinstance(refused, Refused)
        assert refused.text == "The compiler ended with exit code 3 and said nothing."

    run(story, CompilerPool(size=1, command=DYING))


def test_a_compiler_that_never_answers_is_ended(workspace: Path) -> None:
    async def story(pool: CompilerPool) -> None:
        refused = await pool.compile(workspace, "one")
        assert isinstance(refused, Refused)
        assert "took more than" in refused.text
        assert pool._idle == []

    run(story, CompilerPool(size=1, command=SILENT, timeout=0.2))


def test_it_leaves_when_there_is_no_work(workspace: Path) -> None:
    async def story(pool: CompilerPool) -> None:
        await pool.compile(workspace, "one")
        (process,) = pool._idle
        assert await process.wait() == 0
        assert pool._idle == []

    run(story, CompilerPool(size=1, idle_seconds=0.0))

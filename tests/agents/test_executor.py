"""The subprocess executor: orders over the desk, one agent kept alive, a surviving one left alone."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from leoflow_runtime.executors.agent_process import AgentOptions, AgentProcess, lock_holder
from leoflow_runtime.executors.host_desk import Attachment, HostDesk, ShutdownOrder, StartOrder, StopOrder
from leoflow_runtime.executors.protocol import LaunchOrder
from leoflow_runtime.executors.subprocess import SubprocessExecutor

DEADLINE = 20.0

# Stands in for the agent's interpreter: `python -I -m leoflow_runtime.agent host`. Keeps what it was told.
FAKE = """#!{python}
import fcntl, json, os, sys, time
settings = json.loads(sys.stdin.readline())
spool = settings["spool"]
lock = os.open(spool + "/agent.lock", os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(lock, fcntl.LOCK_EX)
os.pwrite(lock, str(os.getpid()).encode(), 0)
seen = {{"arguments": sys.argv[1:], "environ": dict(os.environ), "settings": settings,
        "session": os.getsid(0) == os.getpid(), "fds": sorted(map(int, os.listdir("/proc/self/fd")))}}
with open(spool + "/seen." + str(os.getpid()), "w") as file:
    json.dump(seen, file)
os.rename(file.name, spool + "/told." + str(os.getpid()))
time.sleep({life})
"""


def order(launch_id: int) -> LaunchOrder:
    return LaunchOrder(
        launch_id=launch_id,
        generation=1,
        dag_id="d",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=1,
        content_digest="sha256:0",
    )


async def taken(attachment: Attachment, count: int) -> list[object]:
    found: list[object] = []
    async with asyncio.timeout(DEADLINE):
        async for given in attachment.orders():
            found += given
            if len(found) >= count:
                break
    return found


def test_orders_reach_the_agent_once() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        executor = SubprocessExecutor(desk)
        assert await executor.running() is None
        await executor.launch(order(1))  # nobody is there: the record will tell

        attachment = desk.attach()
        await executor.launch(order(2))
        desk.settle(attachment, [1])
        for launch_id in (1, 2, 3):
            await executor.launch(order(launch_id))
        await executor.cancel(2, "because")
        desk.shut_down()

        assert await taken(attachment, 4) == [
            StartOrder(launch_id=2, generation=1),
            StartOrder(launch_id=3, generation=1),
            StopOrder(launch_id=2, reason="because"),
            ShutdownOrder(),
        ]
        assert await executor.running() == {1, 2, 3}
        desk.ended(2)
        assert await executor.running() == {1, 3}
        desk.detach(attachment)
        assert await executor.running() is None

    asyncio.run(scenario())


def test_a_connection_that_was_replaced_has_no_say() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        earlier, later = desk.attach(), desk.attach()
        desk.settle(earlier, [1])
        assert desk.held() is None
        desk.settle(later, [2])
        desk.detach(earlier)
        assert desk.held() == {2}
        assert [given async for given in earlier.orders()] == []

    asyncio.run(scenario())


def test_a_recheck_ends_the_connection_only_for_what_is_held() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        attachment = desk.attach()
        desk.settle(attachment, [1])
        desk.recheck(2)
        desk.start(3, 1)
        desk.recheck(1)
        assert [given async for given in attachment.orders()] == [[StartOrder(launch_id=3, generation=1)]]

    asyncio.run(scenario())


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "spool"
    folder.mkdir()
    yield folder
    for told in folder.glob("told.*"):
        try:
            os.kill(int(told.suffix[1:]), signal.SIGKILL)
        except ProcessLookupError:
            continue


def agent(spool: Path, *, life: float, enrolled: list[str], server: str = "127.0.0.1:1") -> AgentProcess:
    program = spool.parent / "fake-python"
    program.write_text(FAKE.format(python=sys.executable, life=life))
    program.chmod(0o700)

    async def enrol(token: str) -> None:
        enrolled.append(token)

    return AgentProcess(
        AgentOptions(server=server, spool=spool, log=spool.parent / "agent.log", python=str(program)),
        enrol,
        environ={"PATH": os.environ["PATH"], "HOME": "/nowhere", "LEOFLOW_JWT_SECRET": "not for tasks"},
    )


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.01)


async def kept(process: AgentProcess, scenario: Callable[[], Awaitable[None]]) -> None:
    keeping = asyncio.create_task(process.keep_alive())
    try:
        await scenario()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def told(spool: Path) -> list[Path]:
    return sorted(spool.glob("told.*"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_agent_starts_with_nothing_of_the_servers(spool: Path) -> None:
    enrolled: list[str] = []
    inherited = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(inherited, True)

    async def scenario() -> None:
        await until(lambda: told(spool))

    asyncio.run(kept(agent(spool, life=60, enrolled=enrolled), scenario))
    os.close(inherited)

    seen = json.loads(told(spool)[0].read_text())
    assert seen["arguments"] == ["-I", "-m", "leoflow_runtime.agent", "host"]
    assert set(seen["environ"]) - {"LC_CTYPE"} == {"PATH", "HOME"}
    assert seen["settings"]["host_token"] == enrolled[0]
    assert seen["settings"]["server"] == "127.0.0.1:1"
    assert seen["session"], "it is the head of a session of its own"
    # Standard streams, the lock, and the listing itself.
    assert len(seen["fds"]) == 5
    assert enrolled[0] not in " ".join(seen["arguments"])


def test_a_dead_agent_is_replaced_with_a_new_token(spool: Path) -> None:
    enrolled: list[str] = []

    async def scenario() -> None:
        await until(lambda: len(told(spool)) >= 2)

    asyncio.run(kept(agent(spool, life=0, enrolled=enrolled), scenario))

    assert len(enrolled) == len(set(enrolled)) >= 2


def test_a_surviving_agent_is_left_alone_until_it_goes(spool: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "leoflow.executor")
    enrolled: list[str] = []
    holder = os.open(spool / "agent.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    os.write(holder, f"{os.getpid()}".encode())

    async def scenario() -> None:
        await until(lambda: "a host agent is alive and will attach" in caplog.messages)
        assert enrolled == []
        os.close(holder)
        await until(lambda: told(spool))

    asyncio.run(kept(agent(spool, life=60, enrolled=enrolled), scenario))

    assert len(enrolled) == 1


def test_an_agent_that_calls_another_address_is_asked_to_leave(spool: Path) -> None:
    enrolled: list[str] = []

    async def first() -> None:
        await until(lambda: told(spool))

    asyncio.run(kept(agent(spool, life=60, enrolled=enrolled, server="127.0.0.1:1"), first))
    stranger = lock_holder(spool)
    assert stranger is not None

    async def second() -> None:
        await until(lambda: len(told(spool)) == 2)

    asyncio.run(kept(agent(spool, life=60, enrolled=enrolled, server="127.0.0.1:2"), second))

    assert lock_holder(spool) not in (None, stranger)
    assert len(enrolled) == 2


def test_stopping_without_dismissal_leaves_the_agent_running(spool: Path) -> None:
    async def scenario() -> None:
        desk = HostDesk()
        executor = SubprocessExecutor(desk)
        await executor.start(agent(spool, life=60, enrolled=[]))
        await until(lambda: told(spool))
        await executor.stop(dismiss=False)

    asyncio.run(scenario())

    assert lock_holder(spool) is not None


def test_nobody_holds_a_spool_that_is_not_there(tmp_path: Path) -> None:
    assert lock_holder(tmp_path) is None

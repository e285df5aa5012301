"""A whole control plane in one process, with an executor that follows a script and starts no process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import Engine, operations
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.executors.protocol import LaunchOrder, LaunchRefused
from leoflow_server.access import Access, Cipher
from leoflow_server.api import create_api
from leoflow_server.logs import FileLogs, LogKey
from leoflow_server.observe import Metrics
from leoflow_server.services import Services
from leoflow_server.settings import Settings
from leoflow_server.store import SqlStore, migrate

PASSWORD = "correct horse battery"


class ScriptedExecutor:
    """Ends every launch at once as `script` says by task id: an Outcome, "hold" (it goes on) or "refuse".

    `lengths`: how many items the return values of tasks have; `names`: what instances are called.
    """

    def __init__(self) -> None:
        self.services: Services | None = None
        self.script: dict[str, Outcome | str] = {}
        self.lengths: dict[str, int] = {}
        self.names: dict[tuple[str, int], str] = {}
        self.held: dict[int, LaunchOrder] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def launch(self, order: LaunchOrder) -> None:
        if self.script.get(order.task_id) == "refuse":
            raise LaunchRefused(order.launch_id, "There is no image.")
        self.held[order.launch_id] = order
        task = asyncio.ensure_future(self._run(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self, launch_id: int, reason: str) -> None:
        order = self.held.pop(launch_id, None)
        if order is not None:
            await self._finish(order, Outcome.CANCELLED)

    async def running(self) -> Collection[int]:
        return list(self.held)

    async def release(self, task_id: str, outcome: Outcome = Outcome.SUCCESS) -> None:
        """Ends the launch of a task that was held."""
        for order in [one for one in self.held.values() if one.task_id == task_id]:
            await self._finish(order, outcome)

    async def write_log(self, order: LaunchOrder, *events: str) -> None:
        assert self.services is not None
        key = LogKey(
            tenant_id=1,
            dag_id=order.dag_id,
            run_id=order.run_id,
            task_id=order.task_id,
            map_index=order.map_index,
            launch_id=order.launch_id,
        )
        lines = [
            {"timestamp": datetime.now(UTC).isoformat(), "event": event, "level": "info", "logger": "task"}
            for event in events
        ]
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        await self.services.logs.append(key, await self.services.logs.size(key), data)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, order: LaunchOrder) -> None:
        assert self.services is not None
        apply = self.services.engine.apply
        await apply(lambda tx: operations.open_launch(tx, order.launch_id))
        await apply(
            lambda tx: operations.start_launch(
                tx, order.launch_id, started_at=datetime.now(UTC), pid=4711, hostname="laptop"
            )
        )
        await self.write_log(order, f"hello from {order.task_id}")
        outcome = self.script.get(order.task_id, Outcome.SUCCESS)
        if outcome != "hold":
            await self._finish(order, Outcome(outcome))

    async def _finish(self, order: LaunchOrder, outcome: Outcome) -> None:
        assert self.services is not None
        self.held.pop(order.launch_id, None)
        ok = outcome is Outcome.SUCCESS
        report = LaunchReport(
            launch_id=order.launch_id,
            outcome=outcome,
            finished_at=datetime.now(UTC),
            message="" if ok else f"{order.task_id} said no",
            xcoms={"return_value": json.dumps({"from": order.task_id}).encode()} if ok else {},
            rendered_fields={"bash_command": "echo {{ ds }}"} if ok else None,
            map_length=self.lengths.get(order.task_id),
            rendered_map_index=self.names.get((order.task_id, order.map_index)),
        )
        await self.services.engine.apply(lambda tx: operations.finish_launch(tx, report))


class Server:
    def __init__(self, services: Services, executor: ScriptedExecutor, client: httpx.AsyncClient) -> None:
        self.services = services
        self.executor = executor
        self.client = client  # logged in as admin

    async def register(self, document: dict[str, Any]) -> httpx.Response:
        return await self.client.post(f"/api/v2/dags/{document['dag_id']}/versions", json=document)

    async def trigger(self, dag_id: str, **body: Any) -> dict[str, Any]:
        reply = await self.client.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, **body})
        assert reply.status_code == 200, reply.text
        run: dict[str, Any] = reply.json()
        return run

    async def until(self, path: str, condition: Callable[[Any], bool], *, seconds: float = 10) -> Any:
        """Asks until the answer is as wanted; the engine works on its own meanwhile."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self.get(path)
            if condition(found):
                return found
            assert asyncio.get_running_loop().time() < deadline, found
            await asyncio.sleep(0.01)

    async def until_run(self, dag_id: str, run_id: str, *states: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.until(
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", lambda run: run["state"] in states
        )
        return found

    async def get(self, path: str, **params: Any) -> Any:
        reply = await self.client.get(path, params=params or None)
        assert reply.status_code == 200, f"{path}: {reply.status_code} {reply.text}"
        return reply.json()

    def as_nobody(self, **kwargs: Any) -> httpx.AsyncClient:
        """A client without a token."""
        return httpx.AsyncClient(transport=self.client._transport, base_url="http://leoflow.test", **kwargs)


def settings(home: Path, **changes: Any) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {
        "home": home,
        "ui_dir": home / "ui",
        "database_url": f"sqlite:///{home / 'leoflow.db'}",
        "jwt_secret": "a secret that only the tests know, long enough",
        "encryption_key": Cipher.generate_key(),
        "lite": True,
        **changes,
    }
    return Settings(**values)


@asynccontextmanager
async def running_server(home: Path, **changes: Any) -> AsyncIterator[Server]:
    config = settings(home, **changes)
    migrate(config.database_url)
    store = SqlStore(config.database_url)
    executor = ScriptedExecutor()
    access = Access.create(store=store, settings=config)
    await access.bootstrap("admin", PASSWORD)
    engine = Engine(store, executor, owner="test")
    services = Services(
        settings=config,
        store=store,
        engine=engine,
        logs=FileLogs(config.logs_dir),
        access=access,
        metrics=Metrics(),
    )
    executor.services = services
    planning = asyncio.ensure_future(engine.run())
    try:
        await asyncio.wait_for(engine.wait_until_planning(), 5)
        transport = httpx.ASGITransport(app=create_api(services), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://leoflow.test") as client:
            reply = await client.post("/auth/token", json={"username": "admin", "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
            yield Server(services, executor, client)
    finally:
        await executor.stop()
        planning.cancel()
        with suppress(asyncio.CancelledError):
            await planning
        services.logs.close()
        await asyncio.to_thread(store.close)

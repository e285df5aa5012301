"""The part of Kubernetes' API that the executor uses, in memory: what a real cluster does only at times.

Watches can be broken, versions forgotten, calls answered with any status. What a cluster really answers is
tested in `tests/kubernetes`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

NAMESPACE = "flows"


class FakeApi:
    def __init__(self) -> None:
        self.objects: dict[str, dict[str, dict[str, Any]]] = {"pods": {}, "secrets": {}}
        self.calls: list[tuple[str, str]] = []
        # Answers of the next calls, by (method, kind): (status, message).
        self.answers: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self.lists = 0
        self.releases_at_once = True  # False: pods stay until somebody removes them, or the API is told to
        self.url = ""
        self._version = 100
        self._watches: list[asyncio.Queue[dict[str, Any] | None]] = []
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeApi]:
        app = web.Application()
        root = f"/api/v1/namespaces/{NAMESPACE}"
        app.router.add_route("*", root + "/{kind}", self._all)
        app.router.add_route("*", root + "/{kind}/{name}", self._one)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self.break_watches()
            await runner.cleanup()

    def kubeconfig(self, folder: Path) -> Path:
        file = folder / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        file.write_text(json.dumps(config))
        return file

    # What tests do

    def change(self, name: str, **status: Any) -> None:
        """The kubelet or the scheduler reports."""
        described = self.objects["pods"][name]
        described["status"] = {**described["status"], **status}
        self._publish("MODIFIED", described)

    def remove(self, name: str, *, unseen: bool = False) -> None:
        """Somebody deletes a pod; with `unseen`, no watch tells of it."""
        described = self.objects["pods"].pop(name)
        if not unseen:
            self._publish("DELETED", described)

    def forget_versions(self) -> None:
        """410 inside the stream, as after a compaction."""
        status = {"kind": "Status", "code": 410, "message": "too old resource version", "metadata": {}}
        self._publish("ERROR", status)

    def break_watches(self) -> None:
        for watch in self._watches:
            watch.put_nowait(None)
        self._watches = []

    async def until(self, condition: Any) -> None:
        """Until something that the API saw makes `condition` true."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    # The API

    async def _all(self, request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        refusal = await self._refusal(request.method, kind)
        if refusal is not None:
            return refusal
        if request.method == "POST":
            return await self._create(kind, await request.json())
        found = [one for one in self.objects[kind].values() if _matches(one, request.query["labelSelector"])]
        if request.query.get("watch") == "true":
            return await self._watch(request)
        self.lists += kind == "pods"
        return web.json_response({"metadata": {"resourceVersion": str(self._version)}, "items": found})

    async def _one(self, request: web.Request) -> web.StreamResponse:
        kind, name = request.match_info["kind"], request.match_info["name"]
        refusal = await self._refusal(request.method, kind)
        if refusal is not None:
            return refusal
        described = self.objects[kind].get(name)
        if described is None:
            return _status(404, f'{kind} "{name}" not found')
        if request.method == "DELETE":
            is_forced = request.query.get("gracePeriodSeconds") == "0"
            if kind == "pods" and not self.releases_at_once and not is_forced:
                described["metadata"]["deletionTimestamp"] = _now()
                self._publish("MODIFIED", described)
            else:
                del self.objects[kind][name]
                if kind == "pods":
                    self._publish("DELETED", described)
            await self._tell()
        if request.method == "PUT":
            made = described["metadata"]["creationTimestamp"]
            described = self.objects[kind][name] = await request.json()
            described["metadata"]["creationTimestamp"] = made
        return web.json_response(described)

    async def _create(self, kind: str, described: dict[str, Any]) -> web.Response:
        name = described["metadata"]["name"]
        if name in self.objects[kind]:
            return _status(409, f'{kind} "{name}" already exists')
        described["metadata"]["creationTimestamp"] = _now()
        described["status"] = {"phase": "Pending"}
        self.objects[kind][name] = described
        if kind == "pods":
            self._publish("ADDED", described)
        await self._tell()
        return web.json_response(described, status=201)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._watches.append(events)
        response = web.StreamResponse()
        await response.prepare(request)
        await self._tell()
        while (event := await events.get()) is not None:
            await response.write(json.dumps(event).encode() + b"\n")
        return response

    @property
    def watches(self) -> int:
        return len(self._watches)

    async def _refusal(self, method: str, kind: str) -> web.Response | None:
        self.calls.append((method, kind))
        planned = self.answers.get((method, kind))
        await self._tell()
        return _status(*planned.pop(0)) if planned else None

    def _publish(self, event: str, described: dict[str, Any]) -> None:
        self._version += 1
        described["metadata"]["resourceVersion"] = str(self._version)
        for watch in self._watches:
            watch.put_nowait({"type": event, "object": json.loads(json.dumps(described))})

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _matches(described: dict[str, Any], selector: str) -> bool:
    wanted = dict(part.split("=", 1) for part in selector.split(","))
    return wanted.items() <= described["metadata"]["labels"].items()


def _status(code: int, message: str) -> web.Response:
    body = {"kind": "Status", "status": "Failure", "code": code, "message": message}
    return web.json_response(body, status=code)

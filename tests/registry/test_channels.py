"""A DAG follows a tag: moving the tag deploys, moving it back goes back, and nothing broken gets in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from leoflow_runtime.oci.reference import Reference
from leoflow_server.registry import pulling
from leoflow_server.registry.following import LONGEST_PAUSE, pause
from leoflow_server.settings import Settings
from leoflow_server.store import StoreClosed, channels
from tests.api.server import Server
from tests.registry.conftest import Shelf


def host(shelf: Shelf) -> dict[str, Any]:
    return {"registries": (shelf.host,)}


async def follow(server: Server, reference: str, dag_id: str = "sales") -> Any:
    reply = await server.client.put(f"/api/v2/dags/{dag_id}/channel", json={"reference": reference})
    assert reply.status_code == 200, reply.text
    return reply.json()


async def until_schedule(server: Server, schedule: str) -> None:
    await server.until("/api/v2/dags/sales", lambda dag: dag["timetable_summary"] == schedule)


def test_moving_the_tag_deploys_and_moving_it_back_goes_back(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    daily = shelf.artifact(repository, "1-dag", schedule="@daily")
    hourly = shelf.artifact(repository, "2-dag", schedule="@hourly")
    shelf.move(repository, "prod", daily)

    async def story(server: Server) -> None:
        begun = await follow(server, f"oci://{shelf.host}/{repository}:prod")
        assert begun["registration"]["version_number"] == 1
        assert begun["channel"]["digest"] == daily

        shelf.move(repository, "prod", hourly)
        await until_schedule(server, "@hourly")
        shelf.move(repository, "prod", daily)
        await until_schedule(server, "@daily")

        history = (await server.get("/api/v2/dags/sales/deployments"))["deployments"]
        assert [(one["version_number"], one["via"], one["by"]) for one in history] == [
            (1, "channel", "admin"),
            (2, "channel", "admin"),
            (1, "channel", "admin"),
        ]
        assert history[1]["reference"] == f"{shelf.host}/{repository}:prod@{hourly}"

    tell(story, **host(shelf))


def test_what_moved_while_the_server_was_away_is_deployed_once(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    daily = shelf.artifact(repository, "1-dag", schedule="@daily")
    hourly = shelf.artifact(repository, "2-dag", schedule="@hourly")
    shelf.move(repository, "prod", daily)

    async def before(server: Server) -> None:
        await follow(server, f"{shelf.host}/{repository}:prod")

    async def after(server: Server) -> None:
        await until_schedule(server, "@hourly")
        (channel,) = (
            await server.until("/api/v2/channels", lambda found: found["channels"][0]["digest"] == hourly)
        )["channels"]
        assert (channel["dag_id"], channel["version_number"]) == ("sales", 2)
        assert (await server.get("/api/v2/dags/sales/deployments"))["total_entries"] == 2

    tell(before, **host(shelf))
    shelf.move(repository, "prod", hourly)
    tell(after, **host(shelf))


def test_what_cannot_be_deployed_is_an_import_error_until_it_can(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    good = shelf.artifact(repository, "1-dag")
    other = shelf.artifact(repository, "2-dag", dag_id="purchases")
    shelf.move(repository, "prod", good)

    async def story(server: Server) -> None:
        await follow(server, f"{shelf.host}/{repository}:prod")
        shelf.move(repository, "prod", other)
        errors = await server.until("/api/v2/importErrors", lambda found: found["total_entries"] == 1)
        (error,) = errors["import_errors"]
        assert error["filename"] == f"{shelf.host}/{repository}:prod"
        assert "the document is of DAG 'purchases', not of 'sales'" in error["stack_trace"]
        (channel,) = (await server.get("/api/v2/channels"))["channels"]
        assert (channel["error"], channel["digest"]) == (error["stack_trace"], good)
        assert (await server.get("/api/v2/dags/sales/versions"))["total_entries"] == 1

        shelf.move(repository, "prod", good)
        await server.until("/api/v2/importErrors", lambda found: found["total_entries"] == 0)
        (channel,) = (await server.get("/api/v2/channels"))["channels"]
        assert channel["error"] is None

    tell(story, **host(shelf))


def test_a_rollback_stands_until_the_tag_moves(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    digests = [
        shelf.artifact(repository, f"{number}-dag", schedule=schedule)
        for number, schedule in enumerate(("@daily", "@hourly", "@weekly"))
    ]
    shelf.move(repository, "prod", digests[0])

    async def story(server: Server) -> None:
        await follow(server, f"{shelf.host}/{repository}:prod")
        shelf.move(repository, "prod", digests[1])
        await until_schedule(server, "@hourly")
        assert (await server.client.post("/api/v2/dags/sales/rollback")).json()["version_number"] == 1
        looked = await server.client.post("/api/v2/dags/sales/channel/check")
        assert looked.json()["error"] is None
        assert (await server.get("/api/v2/dags/sales"))["timetable_summary"] == "@daily"
        shelf.move(repository, "prod", digests[2])
        await until_schedule(server, "@weekly")

    tell(story, **host(shelf))


def test_nobody_follows_what_cannot_be_deployed_now(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    shelf.artifact(repository, "other", dag_id="purchases")
    digest = shelf.artifact(repository, "good")
    name = f"{shelf.host}/{repository}"
    wrong = [
        (f"{name}:nowhere", 422, "has no"),
        (f"{name}:other", 400, "the document is of DAG 'purchases', not of 'sales'"),
        (f"{name}:good@{digest}", 403, "a channel is a tag, without a digest"),
        (name, 403, "names no artifact; add :TAG"),
        ("127.0.0.1:1/dags/sales:prod", 403, "does not pull from 127.0.0.1:1/dags/sales"),
        ("Not A Name", 403, "'Not A Name'"),
    ]

    async def story(server: Server) -> None:
        for reference, status, words in wrong:
            reply = await server.client.put("/api/v2/dags/sales/channel", json={"reference": reference})
            assert (reply.status_code, words in reply.text) == (status, True), reply.text
        assert (await server.get("/api/v2/channels"))["total_entries"] == 0
        assert (await server.client.get("/api/v2/dags/sales")).status_code == 404

    tell(story, **host(shelf))


def test_a_deleted_dag_does_not_come_back(tell: Callable[..., None], shelf: Shelf, repository: str) -> None:
    good = shelf.artifact(repository, "1-dag")
    other = shelf.artifact(repository, "2-dag", dag_id="purchases")
    shelf.move(repository, "prod", good)

    async def story(server: Server) -> None:
        await follow(server, f"{shelf.host}/{repository}:prod")
        shelf.move(repository, "prod", other)
        await server.until("/api/v2/importErrors", lambda found: found["total_entries"] == 1)
        assert (await server.client.delete("/api/v2/dags/sales")).status_code in (200, 204)
        assert (await server.get("/api/v2/channels"))["total_entries"] == 0
        await server.until("/api/v2/importErrors", lambda found: found["total_entries"] == 0)

    tell(story, **host(shelf))


def test_a_dag_that_stops_following_keeps_its_version(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    shelf.artifact(repository, "prod")

    async def story(server: Server) -> None:
        await follow(server, f"{shelf.host}/{repository}:prod")
        assert (await server.client.delete("/api/v2/dags/sales/channel")).status_code == 204
        assert (await server.client.get("/api/v2/dags/sales/channel")).status_code == 404
        assert (await server.client.delete("/api/v2/dags/sales/channel")).status_code == 404
        assert (await server.get("/api/v2/dags/sales/versions/current"))["version_number"] == 1

    tell(story, **host(shelf))


@pytest.mark.parametrize(
    ("failures", "expected"), [(0, 30.0), (1, 60.0), (3, 240.0), (9, LONGEST_PAUSE), (999, LONGEST_PAUSE)]
)
def test_pauses_grow_with_failures_and_have_an_end(failures: int, expected: float) -> None:
    assert pause(30.0, failures, lambda least, most: (least + most) / 2) == expected


def test_pauses_differ() -> None:
    assert pause(30.0, 0, lambda least, _: least) == pytest.approx(24.0)
    assert pause(30.0, 0, lambda _, most: most) == pytest.approx(36.0)


def test_a_server_that_dies_between_registering_and_noting_it_does_nothing_twice(
    tell: Callable[..., None], shelf: Shelf, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = shelf.artifact(repository, "1-dag", schedule="@daily")
    hourly = shelf.artifact(repository, "2-dag", schedule="@hourly")
    shelf.move(repository, "prod", daily)
    moved, deaths = channels.moved, [1]

    def dies_once(*arguments: Any, **named: Any) -> None:
        if deaths:
            deaths.pop()
            raise StoreClosed
        moved(*arguments, **named)

    monkeypatch.setattr(channels, "moved", dies_once)

    async def story(server: Server) -> None:
        await follow(server, f"{shelf.host}/{repository}:prod")
        shelf.move(repository, "prod", hourly)
        await server.until("/api/v2/channels", lambda found: found["channels"][0]["digest"] == hourly)
        assert not deaths
        assert (await server.get("/api/v2/dags/sales/deployments"))["total_entries"] == 2
        assert (await server.get("/api/v2/dags/sales/versions"))["total_entries"] == 2

    tell(story, **host(shelf))


def test_a_slow_look_does_not_undo_a_newer_choice(
    tell: Callable[..., None], shelf: Shelf, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = shelf.artifact(repository, "1-dag", schedule="@daily")
    late = shelf.artifact(repository, "2-dag", schedule="@hourly")
    new = shelf.artifact(repository, "3-dag", schedule="@weekly")
    shelf.move(repository, "slow", old)
    shelf.move(repository, "fast", new)
    pull, is_pulling, go_on = pulling.pull, threading.Event(), threading.Event()

    def slow(settings: Settings, reference: Reference) -> pulling.Pulled:
        found = pull(settings, reference)
        if reference.digest == late:
            is_pulling.set()
            assert go_on.wait(20)
        return found

    monkeypatch.setattr(pulling, "pull", slow)

    async def story(server: Server) -> None:
        await follow(server, f"{shelf.host}/{repository}:slow")
        shelf.move(repository, "slow", late)
        looking = asyncio.ensure_future(server.client.post("/api/v2/dags/sales/channel/check"))
        assert await asyncio.to_thread(is_pulling.wait, 20)
        await follow(server, f"{shelf.host}/{repository}:fast")
        go_on.set()
        assert (await looking).json()["reference"] == f"{shelf.host}/{repository}:fast"
        assert (await server.get("/api/v2/dags/sales"))["timetable_summary"] == "@weekly"
        assert (await server.get("/api/v2/dags/sales/versions"))["total_entries"] == 2

    tell(story, **host(shelf), channel_seconds=3600.0)

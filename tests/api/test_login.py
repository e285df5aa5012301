"""Who may come in, and how they leave."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from leoflow_server.access import Role
from tests.api.documents import LONELY
from tests.api.server import PASSWORD, Server

ADMIN = {"username": "admin", "password": PASSWORD}


async def token_of(server: Server, username: str, password: str) -> str:
    async with server.as_nobody() as client:
        reply = await client.post("/auth/token", json={"username": username, "password": password})
        assert reply.status_code == 201, reply.text
        return str(reply.json()["access_token"])


def test_credentials_become_a_token_and_a_token_a_user(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        async with server.as_nobody() as client:
            wrong = await client.post("/auth/token", json={**ADMIN, "password": "guess"})
            assert (wrong.status_code, wrong.json()) == (401, {"detail": "Invalid credentials"})
            missing = await client.post("/auth/token", json={"username": "admin"})
            assert missing.status_code == 400
            form = await client.post("/auth/token", data=ADMIN)
            assert form.status_code == 201
            client.cookies.set("_token", form.json()["access_token"])
            assert (await client.get("/ui/auth/me")).json()["username"] == "admin"

    tell(story)


def test_without_a_token_only_version_and_health_answer(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        async with server.as_nobody() as client:
            assert (await client.get("/api/v2/version")).json() == {"version": "3.2.2", "git_version": None}
            health = (await client.get("/api/v2/monitor/health")).json()
            assert health["metadatabase"] == {"status": "healthy"}
            assert health["scheduler"]["status"] == "healthy"
            for path in ("/ui/config", "/api/v2/dags", "/api/v2/dags/x/dagRuns/y/wait?interval=1"):
                reply = await client.get(path)
                assert (reply.status_code, reply.json()) == (401, {"detail": "Not authenticated"})

    tell(story)


def test_a_new_password_voids_older_tokens(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        old = server.client.headers["Authorization"]
        await server.services.access.set_password("admin", "another password")
        reply = await server.client.get("/ui/config")
        assert (reply.status_code, reply.json()) == (401, {"detail": "Invalid JWT token"})
        server.client.headers["Authorization"] = (
            f"Bearer {await token_of(server, 'admin', 'another password')}"
        )
        assert (await server.client.get("/ui/config")).status_code == 200
        assert server.client.headers["Authorization"] != old

    tell(story)


def test_logging_out_voids_the_token_and_clears_the_cookie(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        token = await token_of(server, **ADMIN)
        async with server.as_nobody(cookies={"_token": token}) as client:
            assert (await client.get("/ui/auth/me")).status_code == 200
            left = await client.get("/api/v2/auth/logout")
            assert (left.status_code, left.headers["location"]) == (307, "/auth/login")
            assert "_token" in left.headers["set-cookie"]
        async with server.as_nobody(cookies={"_token": token}) as client:
            refused = await client.get("/ui/auth/me")
            assert refused.status_code == 401
            assert "Max-Age=0" in refused.headers["set-cookie"]

    tell(story)


def test_guessing_is_held_up(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        async with server.as_nobody() as client:
            statuses = []
            for _ in range(12):
                reply = await client.post("/auth/token", json={"username": "eve", "password": "guess"})
                statuses.append(reply.status_code)
            assert statuses[:10] == [401] * 10
            assert statuses[10:] == [429, 429]
            assert int(reply.headers["retry-after"]) > 0

    tell(story)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/dags/shop?tab=grid", 307),
        ("http://leoflow.test/dags", 307),
        ("https://elsewhere.test/", 400),
        ("//elsewhere.test/", 400),
        ("/\\elsewhere.test", 400),
        ("javascript:alert(1)", 400),
    ],
)
def test_a_login_leads_back_to_this_site_only(tell: Callable[..., None], target: str, status: int) -> None:
    async def story(server: Server) -> None:
        reply = await server.client.get("/api/v2/auth/login", params={"next": target})
        assert reply.status_code == status

    tell(story)


# What each role may do, from the least to the most: (method, path, body, least role).
RIGHTS = [
    ("GET", "/api/v2/dags", None, Role.VIEWER),
    ("PATCH", "/api/v2/dags/lonely", {"is_paused": True}, Role.USER),
    ("POST", "/api/v2/dags/lonely/dagRuns", {"logical_date": None}, Role.USER),
    ("GET", "/api/v2/variables", None, Role.OP),
    ("GET", "/api/v2/connections", None, Role.OP),
    ("POST", "/api/v2/dags/lonely/versions", LONELY, Role.OP),
    ("POST", "/api/v2/pools", {"name": "p", "slots": 1}, Role.OP),
]


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.label)
def test_roles(tell: Callable[..., None], role: Role) -> None:
    async def story(server: Server) -> None:
        await server.register(LONELY)
        await server.services.access.create_user("ann", "a password", role)
        token = await token_of(server, "ann", "a password")
        async with server.as_nobody(headers={"Authorization": f"Bearer {token}"}) as client:
            for method, path, body, least in RIGHTS:
                reply = await client.request(method, path, json=body)
                allowed = reply.status_code != 403
                assert allowed == (role >= least), f"{method} {path}: {reply.status_code}"
            menu = (await client.get("/ui/auth/menus")).json()["authorized_menu_items"]
            assert ("Connections" in menu) == (role >= Role.OP)

    tell(story)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://leoflow.test"}, 201),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
    ids=str,
)
def test_other_sites_change_nothing(tell: Callable[..., None], headers: dict[str, str], status: int) -> None:
    async def story(server: Server) -> None:
        reply: httpx.Response = await server.client.post(
            "/api/v2/variables", json={"key": "k", "value": "v"}, headers=headers
        )
        assert reply.status_code == status

    tell(story)

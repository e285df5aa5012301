"""Requests of native tasks against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from leoflow_runtime.executors.native.guard import AddressPolicy
from leoflow_runtime.executors.native.http import LONGEST_ANSWER, Answer, CallFailed, GuardedClient, Request
from leoflow_runtime.executors.native.work import HttpConnection
from tests.executors.native.web import Web, web_server


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


def send(
    request: Request, connection: HttpConnection | None = None, policy: AddressPolicy | None = None
) -> Answer:
    async def once() -> Answer:
        client = GuardedClient(policy or AddressPolicy())
        try:
            return await client.send(request, connection)
        finally:
            await client.close()

    return asyncio.run(once())


def request(url: str, method: str = "GET", **more: Any) -> Request:
    return Request(method=method, url=url, **{"headers": {}, **more})


def test_a_path_goes_below_the_connection_with_its_login_and_headers(web: Web) -> None:
    web.answer("/v1/run", "fine")
    connection = HttpConnection(base=web.url, login="bob", password="s3", headers={"X-Api-Key": "k"})

    answer = send(request("v1/run", "POST", body={"a": "1 2"}), connection)

    assert answer == Answer(status=200, reason="OK", text="fine")
    [asked] = web.asked
    assert asked.headers["authorization"] == "Basic Ym9iOnMz"
    assert asked.headers["x-api-key"] == "k"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.body == "a=1+2"


def test_what_a_get_sends_is_its_query(web: Web) -> None:
    web.answer("/q")

    send(request(f"{web.url}/q?z=9", body={"a": ["1", "2"]}))

    assert web.asked[0].path == "/q?z=9&a=1&a=2"
    assert web.asked[0].body == ""


def test_an_answer_of_any_status_is_an_answer(web: Web) -> None:
    web.answer("/teapot", "short and stout", status=418)

    assert send(request(f"{web.url}/teapot")).status == 418


def test_redirects_are_followed_and_carry_no_secret_to_another_host(web: Web) -> None:
    with web_server() as other:
        web.answer("/start", status=302, Location=f"http://localhost:{other.port}/end")
        other.answer("/end", "there")
        connection = HttpConnection(base=web.url, login="bob", password="s3", headers={"X-Api-Key": "k"})

        answer = send(request("start"), connection)

        assert answer.text == "there"
        assert "x-api-key" in web.asked[0].headers
        assert not {"authorization", "x-api-key"} & other.asked[0].headers.keys()


def test_a_redirect_to_a_denied_address_is_not_followed(web: Web) -> None:
    web.answer("/start", status=302, Location="http://169.254.169.254/latest/meta-data/")

    with pytest.raises(CallFailed, match=r"169\.254\.169\.254.*must not call"):
        send(request(f"{web.url}/start"))


def test_a_redirect_without_end_ends(web: Web) -> None:
    web.answer("/loop", status=302, Location="/loop")

    with pytest.raises(CallFailed, match="redirected more than 5 times"):
        send(request(f"{web.url}/loop"))
    assert len(web.asked) == 6


def test_a_denied_address_is_never_connected_to(web: Web) -> None:
    with pytest.raises(CallFailed, match="was not made"):
        send(request(f"{web.url}/x"), policy=AddressPolicy.parse(denied=["127.0.0.0/8"]))
    assert web.asked == []


def test_an_answer_too_long_to_keep_is_refused(web: Web) -> None:
    web.answer("/big", "x" * (LONGEST_ANSWER + 1))

    with pytest.raises(CallFailed, match="longer than 262,144 bytes"):
        send(request(f"{web.url}/big"))


def test_no_answer_is_one_sentence_without_the_query(web: Web) -> None:
    gone = f"http://127.0.0.1:{_free_port()}/x?token=secret"

    with pytest.raises(CallFailed) as caught:
        send(request(gone))
    assert "GET http://127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["no/connection", "http://", "http://[::1", "http://a b/"])
def test_what_is_no_address_is_one_sentence(url: str) -> None:
    with pytest.raises(CallFailed):
        send(request(url))


def _free_port() -> int:
    import socket

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port

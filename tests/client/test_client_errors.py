"""Whatever a server does, a command says one sentence and ends with status 1."""

import socket

import pytest

from tests.client.fake_control_plane import FakeControlPlane


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (403, b'{"detail": "Forbidden"}', "this login may not do that with DAG 'sales'"),
        (403, b'{"detail": "signed only"}', "{url} does not allow DAG 'sales': signed only"),
        (404, b'{"detail": "x"}', "{url} knows no DAG 'sales'"),
        (
            409,
            b'{"detail": {"reason": "taken", "orig_error": "run_1"}}',
            "DAG 'sales' is in conflict with what the server has: taken run_1",
        ),
        (
            422,
            b'{"detail": [{"loc": ["body", "conf"], "msg": "must be an object"}]}',
            "{url} refuses DAG 'sales': conf: must be an object",
        ),
        (422, b'{"detail": [7]}', "{url} refuses DAG 'sales': 7"),
        (400, b'{"detail": "no\\n  way"}', "{url} refuses DAG 'sales': no way"),
        (500, b"<html>", "{url} failed with status 500"),
        (200, b"<html>", "{url} does not answer like a Leoflow server (no JSON)"),
        (200, b"[]", "{url} does not answer like a Leoflow server (no object)"),
    ],
)
def test_answers_that_are_no_success(
    leoflow, fake: FakeControlPlane, status: int, body: bytes, sentence: str
) -> None:
    fake.answer_with = status, body
    done = leoflow("dags", "pause", "sales")
    assert (done.status, done.out, done.err) == (1, "", f"error: {sentence.format(url=fake.url)}\n")


def test_a_list_without_its_key(leoflow, fake: FakeControlPlane) -> None:
    fake.answer_with = 200, b"{}"
    assert leoflow("dags", "list").err == (
        f"error: {fake.url} does not answer like a Leoflow server (no dags)\n"
    )


def test_a_server_that_is_not_there(leoflow) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = leoflow("dags", "list", "--server", url)
    assert done.status == 1
    assert done.err.startswith(f"error: the server {url} cannot be reached: ")
    assert "hint: name another one with --server or LEOFLOW_SERVER_URL" in done.err


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://x", "https://", "x"])
def test_what_is_no_server(leoflow, url: str) -> None:
    assert leoflow("dags", "list", "--server", url).err.startswith(f"error: {url!r} is no server")

"""Registering by reference: what is pulled, what is refused, and what the policy decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from leoflow_runtime.oci.copy import Repository, closure_of, put
from leoflow_runtime.oci.dag_artifact import pull_dag_artifact, push_dag_artifact
from leoflow_runtime.oci.keys import PrivateKey
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from leoflow_runtime.oci.signatures import sign
from leoflow_server.registry.policy import Denied, Policy
from tests.api.documents import dag, task
from tests.api.server import Server
from tests.registry.conftest import Shelf

NOWHERE = f"sha256:{'0' * 64}"


async def register(server: Server, reference: Any, dag_id: str = "sales") -> httpx.Response:
    return await server.client.post(f"/api/v2/dags/{dag_id}/versions", json={"reference": reference})


def test_a_reference_becomes_a_version_that_names_its_artifact(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    digest = shelf.artifact(repository, "1-dag", schedule="@hourly")
    pinned = f"{shelf.host}/{repository}@{digest}"

    async def story(server: Server) -> None:
        first = await register(server, f"oci://{pinned}")
        assert (first.status_code, first.json()["reference"]) == (201, pinned)
        assert (await register(server, pinned)).status_code == 200, "the same bytes are the same version"
        (version,) = (await server.get("/api/v2/dags/sales/versions"))["versions"]
        assert (version["via"], version["reference"], version["created_by"]) == ("reference", pinned, "admin")
        assert (await server.get("/api/v2/dags/sales"))["timetable_summary"] == "@hourly"
        assert (await server.get("/api/v2/dags/sales/deployments"))["total_entries"] == 1

    tell(story, registries=(shelf.host,))


def test_a_copy_needs_nothing_of_where_it_was_built(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    image = shelf.image(repository, "1")
    document = dag("sales", task("count"), image=f"{shelf.host}/{repository}@{image.digest}")
    copied = f"{shelf.host}/copies/sales"
    with shelf.open() as registry:
        push_dag_artifact(registry, repository, "1-dag", document, image=image)
        source, target = Repository(registry, repository), Repository(registry, "copies/sales")
        closure, root = closure_of(source, "1-dag")
        put(closure, source, target, {**closure.tags, "prod": root})

    async def story(server: Server) -> None:
        assert (await register(server, f"{shelf.host}/{repository}:1-dag")).status_code == 403
        assert (await register(server, f"{copied}:prod")).status_code == 201
        version = await server.get("/api/v2/dags/sales/versions/1")
        assert version["document"]["image"] == f"{copied}@{image.digest}"

    tell(story, registries=(copied,))


def test_a_tag_is_recorded_by_its_digest(tell: Callable[..., None], shelf: Shelf, repository: str) -> None:
    digest = shelf.artifact(repository, "1-dag")

    async def story(server: Server) -> None:
        answer = (await register(server, f"{shelf.host}/{repository}:1-dag")).json()
        assert answer["reference"] == f"{shelf.host}/{repository}:1-dag@{digest}"

    tell(story, registries=(shelf.host,))


def hostile(shelf: Shelf, repository: str) -> dict[str, tuple[dict[str, Any], str]]:
    """Documents that someone who may write to the registry could put there, and what is said of them."""
    image = f"{shelf.host}/{repository}@{shelf.image(repository, 'image').digest}"
    deep: Any = "bottom"
    for _ in range(300):
        deep = [deep]
    return {
        "no-image": (dag("sales", task("count")), "names no image"),
        "image-by-tag": (dag("sales", task("count"), image=f"{shelf.host}/{repository}:image"), "by digest"),
        "image-gone": (
            dag("sales", task("count"), image=f"{shelf.host}/{repository}@{NOWHERE}"),
            "is not there",
        ),
        "image-elsewhere": (
            dag("sales", task("count"), image=f"127.0.0.1:1/x@{NOWHERE}"),
            "does not pull from 127.0.0.1:1/x",
        ),
        "other-dag": (dag("purchases", task("count"), image=image), "is of DAG 'purchases'"),
        "no-tasks": ({"schema_version": "1.0", "dag_id": "sales", "image": image}, "tasks"),
        "cycle": (dag("sales", task("a", "b"), task("b", "a"), image=image), "cycle"),
        "deep": (dag("sales", task("count", call_args={"x": deep}), image=image), "nested"),
        "not-run-yet": (dag("sales", task("count", weight_rule="own.Rule"), image=image), "does not run yet"),
        "elsewhere": (dag("sales", task("count", run_as_user="bob"), image=image), "needs pods"),
        "no-schedule": (dag("sales", task("count"), schedule="61 * * * *", image=image), "61 * * * *"),
    }


def test_what_a_registry_holds_is_not_trusted(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    cases = hostile(shelf, repository)
    with shelf.open() as registry:
        for tag, (document, _) in cases.items():
            push_dag_artifact(registry, repository, tag, document)

    async def story(server: Server) -> None:
        for tag, (_, words) in cases.items():
            reply = await register(server, f"{shelf.host}/{repository}:{tag}")
            assert reply.status_code in (400, 403, 422), f"{tag}: {reply.text}"
            assert words in reply.text, f"{tag}: {reply.text}"
        assert "no DAG artifact" in (await register(server, f"{shelf.host}/{repository}:image")).text
        assert (await register(server, 7)).status_code == 422
        assert (await server.get("/api/v2/dags"))["total_entries"] == 0

    tell(story, registries=(shelf.host,))


def test_an_image_that_the_manifest_does_not_name_is_refused(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    one, other = shelf.image(repository, "one"), shelf.image(repository, "other")
    document = dag("sales", task("count"), image=f"{shelf.host}/{repository}@{one.digest}")
    with shelf.open() as registry:
        push_dag_artifact(registry, repository, "forged", document, image=other)

    async def story(server: Server) -> None:
        assert (await register(server, f"{shelf.host}/{repository}:forged")).status_code == 422

    tell(story, registries=(shelf.host,))


def test_what_was_pushed_first_and_signed_later_can_be_gone_back_to(
    tell: Callable[..., None], shelf: Shelf, repository: str, tmp_path: Path
) -> None:
    key = PrivateKey.new()
    (tmp_path / "key.pub").write_bytes(key.public.to_pem())
    digests = [shelf.artifact(repository, f"{number}-dag", dag_version=str(number)) for number in (1, 2)]
    documents = []
    with shelf.open() as registry:
        for digest in digests:
            sign(registry, repository, digest, key)
            documents.append(pull_dag_artifact(registry, repository, digest).document)

    async def pushed(server: Server) -> None:
        for document in documents:
            assert (await server.register(document)).status_code == 201

    async def proven(server: Server) -> None:
        for digest in digests:
            assert (await register(server, f"{shelf.host}/{repository}@{digest}")).status_code == 200
        back = await server.client.post("/api/v2/dags/sales/rollback")
        assert (back.status_code, back.json().get("version_number")) == (200, 1)
        (newer, older) = (await server.get("/api/v2/dags/sales/versions", order_by="-id"))["versions"]
        assert (older["via"], older["reference"]) == ("push", f"{shelf.host}/{repository}@{digests[0]}")
        assert (older["is_current"], newer["is_current"]) == (True, False)

    tell(pushed)
    keys = (str(tmp_path / "key.pub"),)
    tell(proven, registries=(shelf.host,), require_signature=True, signature_keys=keys)


def test_an_artifact_that_travelled_alone_finds_its_image_where_it_was_built(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    image = shelf.image(repository, "image")
    built = f"{shelf.host}/{repository}@{image.digest}"
    with shelf.open() as registry:
        document = dag("sales", task("count"), image=built)
        push_dag_artifact(registry, f"{repository}-alone", "prod", document, image=image)

    async def story(server: Server) -> None:
        assert (await register(server, f"{shelf.host}/{repository}-alone:prod")).status_code == 201
        (version,) = (await server.get("/api/v2/dags/sales/versions"))["versions"]
        assert version["image"] == built

    tell(story, registries=(shelf.host,))


def test_a_server_without_registries_pulls_nothing(
    tell: Callable[..., None], shelf: Shelf, repository: str
) -> None:
    shelf.artifact(repository, "1-dag")

    async def story(server: Server) -> None:
        reply = await register(server, f"{shelf.host}/{repository}:1-dag")
        assert reply.status_code == 403
        assert "pulls from no registry; its setting `registries`" in reply.json()["detail"]

    tell(story)


def test_a_registry_that_does_not_answer_is_said_to_be_so(
    tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leoflow_runtime.oci.session._backoff", lambda _: 0.0)

    async def story(server: Server) -> None:
        reply = await register(server, "127.0.0.1:1/dags/sales:prod")
        assert reply.status_code == 502
        assert "127.0.0.1:1 cannot be reached" in reply.json()["detail"]

    tell(story, registries=("127.0.0.1:1",))


def test_digests_can_be_demanded(tell: Callable[..., None], shelf: Shelf, repository: str) -> None:
    digest = shelf.artifact(repository, "1-dag")
    by_tag = dag("sales", task("count"), image=f"{shelf.host}/{repository}:image-1-dag")

    async def story(server: Server) -> None:
        refused = await register(server, f"{shelf.host}/{repository}:1-dag")
        assert (refused.status_code, "not named by digest" in refused.text) == (403, True)
        refused = await server.register(by_tag)
        assert (refused.status_code, "not named by digest" in refused.text) == (403, True)
        assert (await register(server, f"{shelf.host}/{repository}@{digest}")).status_code == 201

    tell(story, registries=(shelf.host,), require_digest=True)


def test_images_of_pushed_documents_keep_to_the_registries(tell: Callable[..., None], shelf: Shelf) -> None:
    async def story(server: Server) -> None:
        refused = await server.register(dag("sales", task("count"), image=f"evil.example/x@{NOWHERE}"))
        assert (refused.status_code, "not allowed here" in refused.text) == (403, True)
        assert (await server.register(dag("sales", task("count")))).status_code == 201, "Lite has no image"

    tell(story, registries=(shelf.host,))


def test_signatures_can_be_demanded(
    tell: Callable[..., None], shelf: Shelf, repository: str, tmp_path: Path
) -> None:
    trusted, stranger = PrivateKey.new(), PrivateKey.new()
    key_file = tmp_path / "trusted.pub"
    key_file.write_bytes(trusted.public.to_pem())
    digest = shelf.artifact(repository, "1-dag")
    name = f"{shelf.host}/{repository}@{digest}"
    later = shelf.artifact(repository, "2-dag", schedule="@hourly")
    policy = {"registries": (shelf.host,), "require_signature": True, "signature_keys": (str(key_file),)}

    async def without_policy(server: Server) -> None:
        assert (await register(server, f"{shelf.host}/{repository}@{later}")).status_code == 201

    async def with_policy(server: Server) -> None:
        assert "is not signed" in (await register(server, name)).text
        with shelf.open() as registry:
            sign(registry, repository, digest, stranger)
        assert "not by the key that is trusted" in (await register(server, name)).text
        with shelf.open() as registry:
            sign(registry, repository, digest, trusted)
        assert (await register(server, name)).status_code == 201
        pushed = await server.register(dag("sales", task("count")))
        assert (pushed.status_code, "signed artifacts only" in pushed.text) == (403, True)
        back = await server.client.post("/api/v2/dags/sales/rollback", json={"to": "1"})
        assert (back.status_code, "signed artifacts only" in back.text) == (403, True)
        assert (await server.get("/api/v2/dags/sales/versions/current"))["version_number"] == 2

    tell(without_policy, registries=(shelf.host,))
    tell(with_policy, **policy)


@contextmanager
def http_server(
    answer: Callable[[str], tuple[int, dict[str, str], bytes]],
) -> Iterator[tuple[str, list[str]]]:
    """A web server on loopback: where it is, and which paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = answer(self.path)
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("where", ["redirect", "token"])
def test_a_registry_cannot_make_the_server_ask_other_hosts(tell: Callable[..., None], where: str) -> None:
    with http_server(lambda _: (200, {}, b"{}")) as (inside, asked):

        def misleads(path: str) -> tuple[int, dict[str, str], bytes]:
            if where == "redirect":
                return 307, {"Location": f"http://{inside}/latest/meta-data"}, b""
            return 401, {"WWW-Authenticate": f'Bearer realm="http://{inside}/token",service="x"'}, b""

        with http_server(misleads) as (registry, _):

            async def story(server: Server) -> None:
                reply = await register(server, f"{registry}/dags/sales:prod")
                assert (reply.status_code, "may not be asked" in reply.text) == (422, True), reply.text

            tell(story, registries=(registry,))
    assert asked == []


def test_blobs_may_come_from_named_hosts_and_manifests_never() -> None:
    policy = Policy(registries=("hub.example",), hosts=frozenset({"blobs.example", "auth.example"}))
    registry = Reference.parse("hub.example/dags/sales:prod")
    manifest, blob = "https://hub.example/v2/dags/sales/manifests/prod", "https://hub.example/v2/x/blobs/y"
    allowed = [
        (manifest, None, True),
        ("https://blobs.example/y", blob, True),
        ("https://auth.example/token", None, True),
        ("https://blobs.example/y", manifest, False),
        ("https://169.254.169.254/latest", blob, False),
        ("https://hub.example@evil.example/", blob, False),
        ("https://blobs.example:8443/y", blob, False),
    ]
    for url, source, expected in allowed:
        assert policy.may_reach(registry, url, source=source) is expected, url


@pytest.mark.parametrize(
    ("entry", "reference", "is_allowed"),
    [
        ("hub.example", "hub.example/dags/sales:1", True),
        ("hub.example/dags", "hub.example/dags/sales:1", True),
        ("hub.example/dags/", "hub.example/dags:1", True),
        ("hub.example/dags", "hub.example/dags-of-others/sales:1", False),
        ("hub.example", "hub.example.evil.org/dags/sales:1", False),
        ("hub.example", "hub.example:8443/dags/sales:1", False),
        ("docker.io/library", "python:3.12", True),
    ],
)
def test_an_entry_covers_what_is_below_it(entry: str, reference: str, is_allowed: bool) -> None:
    policy = Policy(registries=("nothing.example", entry))
    if is_allowed:
        policy.admit(Reference.parse(reference))
    else:
        with pytest.raises(Denied, match="does not pull from"):
            policy.admit(Reference.parse(reference))


def test_a_document_that_is_too_large_is_not_read(
    tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leoflow_server.api.leoflow.versions.DOCUMENT_LIMIT", 1000)

    async def story(server: Server) -> None:
        assert (await server.register(dag("sales", task("count"), doc_md="x" * 2000))).status_code == 413
        nested = json.loads("[" * 300 + "]" * 300)
        monkeypatch.undo()
        deep = await server.register(dag("sales", task("count", call_args={"x": nested})))
        assert (deep.status_code, "nested deeper than 200" in deep.text) == (422, True)

    tell(story)


def test_the_registry_client_is_the_one_that_is_guarded(shelf: Shelf, repository: str) -> None:
    shelf.artifact(repository, "1-dag")
    with Registry(shelf.host, may_reach=lambda _url, _source: False) as registry:
        with pytest.raises(Exception, match="may not be asked"):
            registry.head_manifest(repository, "1-dag")

"""Registries and lines that fail half-way: what can be mended is mended, nothing arrives wrong or twice."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

import httpx
import pytest

from leoflow_runtime.oci import errors
from leoflow_runtime.oci.records import INDEX, LAYER_GZIP, MANIFEST, Descriptor, digest_of
from leoflow_runtime.oci.registry import CHUNK, Registry
from tests.oci.artifacts import push_image
from tests.registry_server import RegistryServer

REPOSITORY = "dags/faults"
Answer = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


class Faults(httpx.HTTPTransport):
    """The real connection; each fault in turn takes the next request of its method."""

    def __init__(self, *faults: tuple[str, Answer]) -> None:
        super().__init__()
        self.faults = list(faults)
        self.seen: list[tuple[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.headers.get("Range", "")))
        if self.faults and self.faults[0][0] == request.method:
            _, answer = self.faults.pop(0)
            return answer(request, lambda: super(Faults, self).handle_request(request))
        return super().handle_request(request)


def status(code: int, **headers: str) -> Answer:
    return lambda request, _real: httpx.Response(code, headers=headers, request=request)


def cut(_request: httpx.Request, _real: Callable[[], httpx.Response]) -> httpx.Response:
    raise httpx.WriteError("cut")


def answer_lost(_request: httpx.Request, real: Callable[[], httpx.Response]) -> httpx.Response:
    """The registry did it, and we never heard."""
    real().read()
    raise httpx.ReadError("cut")


class _Broken(httpx.SyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        raise httpx.ReadError("cut")


def cut_after(count: int, *, code: int | None = None) -> Answer:
    def answer(_request: httpx.Request, real: Callable[[], httpx.Response]) -> httpx.Response:
        response = real()
        data = response.read()
        headers = {key: value for key, value in response.headers.items() if key != "content-length"}
        return httpx.Response(code or response.status_code, headers=headers, stream=_Broken(data[:count]))

    return answer


def opened(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(data)


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ([("PATCH", cut)], [0.25]),
        ([("PATCH", status(500)), ("PATCH", status(502)), ("PATCH", cut)], [0.25, 0.5, 1.0]),
        ([("PATCH", status(429, **{"Retry-After": "3"}))], [3.0]),
        ([("PATCH", status(404))], [0.25]),  # the registry has forgotten the upload
        ([("PATCH", status(416))], [0.25]),  # it has got more or less than we think
        ([("PATCH", answer_lost)], [0.25]),
        ([("POST", status(503)), ("PATCH", cut)], [0.25, 0.25]),
        ([("PUT", cut)], [0.25]),
        ([("PUT", status(503))], [0.25]),
        ([("PUT", answer_lost)], [0.25]),
    ],
)
@pytest.mark.parametrize("size", [CHUNK + 1000, 1000], ids=["in chunks", "in one piece"])
def test_a_blob_arrives_whatever_breaks(
    server: RegistryServer, faults: list[tuple[str, Answer]], waits: list[float], size: int
) -> None:
    if size < CHUNK:  # what would have been a chunk is the one request
        faults = [("PUT" if method == "PATCH" else method, answer) for method, answer in faults]
    data, waited = os.urandom(size), list[float]()
    transport = Faults(*faults)
    with Registry(server.host, transport=transport, wait=waited.append) as registry:
        assert registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
    assert (transport.faults, waited) == ([], waits)
    with Registry(server.host) as registry:
        assert b"".join(registry.get_blob(REPOSITORY, Descriptor.of(data, LAYER_GZIP))) == data


def test_chunks_that_arrived_are_not_sent_again(server: RegistryServer) -> None:
    data = os.urandom(3 * CHUNK)
    transport = Faults(("PATCH", lambda _request, real: real()), ("PATCH", cut), ("PATCH", status(503)))
    with Registry(server.host, transport=transport, wait=lambda _: None) as registry:
        registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
    # One for each chunk, and the two that failed. Where only an answer is lost, or a chunk arrives in part,
    # this registry forgets the upload and it begins anew: its locations carry the offset that it expects.
    assert [method for method, _ in transport.seen].count("PATCH") == 5


def test_a_line_that_never_holds_is_given_up_in_one_sentence(server: RegistryServer) -> None:
    data, waited = os.urandom(CHUNK + 1), list[float]()
    transport = Faults(*[("PATCH", cut)] * 20)
    with (
        Registry(server.host, transport=transport, wait=waited.append) as registry,
        pytest.raises(errors.Unreachable, match="breaks off uploads of dags/faults@sha256:"),
    ):
        registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
    assert waited == [0.25, 0.5, 1.0, 2.0, 4.0]


def test_what_no_other_try_will_mend_is_told_at_once(server: RegistryServer) -> None:
    other, waited = digest_of(b"other"), list[float]()
    with Registry(server.host, wait=waited.append) as registry:
        with pytest.raises(errors.Refused, match="status 400: provided digest did not match") as caught:
            registry.push_blob(REPOSITORY, other, 4, opened(b"this"))
        assert caught.value.status == 400
        with pytest.raises(errors.DigestMismatch, match="is shorter than it was"):
            registry.push_blob(REPOSITORY, other, CHUNK + 5, opened(b"x" * CHUNK))
    assert waited == []


@pytest.mark.parametrize("honoured", [True, False], ids=["with ranges", "without"])
def test_a_download_goes_on_where_it_broke(server: RegistryServer, honoured: bool) -> None:
    data, waited = os.urandom(3 << 20), list[float]()
    blob = Descriptor.of(data, LAYER_GZIP)
    with Registry(server.host) as registry:
        registry.push_blob(REPOSITORY, blob.digest, blob.size, opened(data))

    def whole(request: httpx.Request, real: Callable[[], httpx.Response]) -> httpx.Response:
        del request.headers["Range"]
        return real()

    faults: list[tuple[str, Answer]] = [("GET", cut_after(1 << 20)), ("GET", cut_after(0))]
    transport = Faults(*faults, *([] if honoured else [("GET", whole)]))
    with Registry(server.host, transport=transport, wait=waited.append) as registry:
        assert b"".join(registry.get_blob(REPOSITORY, blob)) == data
    assert [asked for _, asked in transport.seen] == ["", "bytes=1048576-", "bytes=1048576-"]
    assert waited == [0.25, 0.5]


def test_a_manifest_that_breaks_off_is_read_again(server: RegistryServer) -> None:
    transport = Faults(("GET", cut_after(10)), ("GET", cut_after(20)))
    with Registry(server.host, transport=transport, wait=lambda _: None) as registry:
        image = push_image(registry, REPOSITORY)
        assert registry.get_manifest(REPOSITORY, image.digest)[0] == image
    transport = Faults(*[("GET", cut_after(10))] * 5)
    with (
        Registry(server.host, transport=transport, wait=lambda _: None) as registry,
        pytest.raises(errors.Unreachable, match="broke off in the middle of dags/faults@sha256:"),
    ):
        registry.get_manifest(REPOSITORY, image.digest)


# Registries that say strange things

SUBJECT = digest_of(b"subject")


class Scripted(httpx.BaseTransport):
    """A registry of which only the answers matter."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.seen: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self.answer(request)


def referrer(name: bytes, kind: str) -> dict[str, object]:
    return Descriptor(media_type=MANIFEST, digest=digest_of(name), size=1, artifact_type=kind).to_json()


def test_a_registry_with_an_api_for_referrers_is_asked_page_by_page() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_first = "page" not in request.url.query.decode()
        names = (b"one", b"two") if is_first else (b"three",)
        headers = {"Content-Type": INDEX} | (
            {"Link": f"</v2/dags/x/referrers/{SUBJECT}?page=2>; rel=next"} if is_first else {}
        )
        index = {"manifests": [referrer(name, "sbom" if name == b"two" else "other") for name in names]}
        return httpx.Response(200, headers=headers, content=json.dumps(index).encode())

    with Registry("registry.example.com", transport=Scripted(answer)) as registry:
        assert len(registry.referrers("dags/x", SUBJECT)) == 3
        assert [one.digest for one in registry.referrers("dags/x", SUBJECT, "sbom")] == [digest_of(b"two")]


def test_a_registry_that_lists_referrers_itself_needs_no_tag_for_them() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, headers={"OCI-Subject": SUBJECT})

    transport = Scripted(answer)
    with Registry("registry.example.com", transport=transport) as registry:
        registry.put_referrer("dags/x", SUBJECT, b'{"annotations": {"a": "b"}}', MANIFEST, "sbom")
    assert [request.method for request in transport.seen] == ["PUT"]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"manifests": 1}', b'{"manifests": [{"digest": "x"}]}', b"[" * 50_000]
)
def test_lists_that_cannot_be_read_are_told(content: bytes) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": INDEX}, content=content)

    with (
        Registry("registry.example.com", transport=Scripted(answer)) as registry,
        pytest.raises(errors.BadAnswer, match=r"^registry.example.com lists referrers of dags/x@sha256:"),
    ):
        registry.referrers("dags/x", SUBJECT)


def test_lists_without_an_end_have_one() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Link": f"<{request.url}&n=1>; rel=next"}, json={"tags": ["v1"]})

    with (
        Registry("registry.example.com", transport=Scripted(answer)) as registry,
        pytest.raises(errors.BadAnswer, match="without an end"),
    ):
        registry.tags("dags/x")


def test_an_upload_that_a_registry_sends_to_itself_in_the_clear_is_encrypted() -> None:
    """Behind a proxy that adds TLS, registries do not know better."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            location = "http://registry.example.com/v2/dags/x/blobs/uploads/1"
            return httpx.Response(202, headers={"Location": location})
        return httpx.Response({"HEAD": 404, "PUT": 201}[request.method])

    transport = Scripted(answer)
    with Registry("registry.example.com", transport=transport) as registry:
        registry.push_bytes("dags/x", b"data")
    assert {request.url.scheme for request in transport.seen} == {"https"}


def test_credentials_stay_with_the_registry_when_it_sends_elsewhere() -> None:
    from leoflow_runtime.oci.credentials import Credentials

    data = b"layer"

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "store.example.com":
            return httpx.Response(200, content=data)
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        return httpx.Response(307, headers={"Location": "https://store.example.com/blob"})

    transport = Scripted(answer)
    with Registry(
        "registry.example.com", transport=transport, credentials=Credentials("alice", "secret")
    ) as registry:
        assert registry.read_blob("dags/x", Descriptor.of(data, LAYER_GZIP), limit=100) == data
    (elsewhere,) = [request for request in transport.seen if request.url.host == "store.example.com"]
    assert "Authorization" not in elsewhere.headers


def test_where_a_policy_forbids_nobody_is_asked() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(307, headers={"Location": "https://169.254.169.254/latest/meta-data"})

    transport = Scripted(answer)
    with (
        Registry(
            "registry.example.com",
            transport=transport,
            may_reach=lambda url, _source: url.startswith("https://registry.example.com/"),
        ) as registry,
        pytest.raises(errors.BadAnswer, match=r"sends to 169\.254\.169\.254, which may not be asked"),
    ):
        registry.get_manifest("dags/x", "v1")
    assert {request.url.host for request in transport.seen} == {"registry.example.com"}

"""The client against a real registry: what it stores comes back, and what breaks is mended or told."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

import httpx
import pytest

from leoflow_runtime.oci import errors
from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.records import (
    CONFIG,
    INDEX,
    LAYER_GZIP,
    MANIFEST,
    Descriptor,
    Platform,
    canonical_json,
    digest_of,
)
from leoflow_runtime.oci.registry import CHUNK, Registry
from tests.registry_server import PASSWORD, USER, CuttingProxy, RegistryServer

REPOSITORY = "dags/sales"


def opened(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(data)


def put(registry: Registry, data: bytes, repository: str = REPOSITORY) -> Descriptor:
    registry.push_blob(repository, digest_of(data), len(data), opened(data))
    return Descriptor.of(data, LAYER_GZIP)


def manifest(registry: Registry, text: bytes = b"{}", **more: object) -> bytes:
    config = put(registry, text)
    layer = put(registry, b"layer")
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {**config.to_json(), "mediaType": CONFIG},
            "layers": [layer.to_json()],
            **more,
        }
    )


@pytest.fixture
def registry(server: RegistryServer) -> Iterator[Registry]:
    with Registry(server.host) as client:
        yield client


def test_what_was_pushed_comes_back(registry: Registry) -> None:
    data = os.urandom(3 << 20)
    assert registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
    assert not registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
    assert b"".join(registry.get_blob(REPOSITORY, Descriptor.of(data, LAYER_GZIP))) == data
    document = manifest(registry)
    stored = registry.put_manifest(REPOSITORY, "v1", document, MANIFEST)
    assert registry.head_manifest(REPOSITORY, "v1") == stored
    assert registry.get_manifest(REPOSITORY, stored.digest) == (stored, document)
    assert registry.head_manifest(REPOSITORY, "v2") is None
    assert "v1" in registry.tags(REPOSITORY)
    assert registry.tags("dags/unheard-of") == []


def test_a_large_blob_goes_in_chunks_and_says_how_far_it_is(server: RegistryServer) -> None:
    data = os.urandom(2 * CHUNK + 17)
    said: list[int] = []
    with Registry(server.host, progress=lambda _digest, sent, _size: said.append(sent)) as registry:
        assert registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
        assert said == [CHUNK, 2 * CHUNK, len(data)]
        assert b"".join(registry.get_blob(REPOSITORY, Descriptor.of(data, LAYER_GZIP))) == data


def test_a_blob_of_another_repository_is_mounted(registry: Registry) -> None:
    found = put(registry, os.urandom(1000), "base/python")
    assert registry.mount_blob("dags/other", found.digest, "base/python")
    assert registry.has_blob("dags/other", found.digest)
    assert not registry.mount_blob("dags/other", digest_of(b"nowhere"), "base/python")


def test_an_index_names_images_by_platform(registry: Registry) -> None:
    document = manifest(registry)
    stored = registry.put_manifest(REPOSITORY, digest_of(document), document, MANIFEST)
    platform = Platform.parse("linux/arm64/v8")
    entry = Descriptor(
        media_type=MANIFEST, digest=stored.digest, size=stored.size, platform=platform
    ).to_json()
    index = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
    registry.put_manifest(REPOSITORY, "multi", index, INDEX)
    descriptor, data = registry.get_manifest(REPOSITORY, "multi")
    assert (descriptor.media_type, data) == (INDEX, index)
    assert platform.serves(Platform.parse("linux/arm64"))
    assert not platform.serves(Platform.parse("linux/amd64"))


def test_referrers_are_listed_where_the_registry_has_no_api_for_them(registry: Registry) -> None:
    subject = registry.put_manifest(REPOSITORY, "signed", manifest(registry), MANIFEST)
    put(registry, b"{}")
    kinds = ("application/vnd.example.sbom", "application/vnd.example.signature")
    for kind in (*kinds, kinds[0]):
        referrer = manifest(
            registry, subject=subject.to_json(), artifactType=kind, annotations={"kind": kind}
        )
        registry.put_referrer(REPOSITORY, subject.digest, referrer, MANIFEST, kind)
    listed = registry.referrers(REPOSITORY, subject.digest)
    assert sorted(str(one.artifact_type) for one in listed) == sorted(kinds)
    assert len(registry.referrers(REPOSITORY, subject.digest, kinds[1])) == 1
    assert registry.referrers(REPOSITORY, digest_of(b"other")) == []


# Logins


def test_a_login_is_used_where_it_is_asked_for(locked_server: RegistryServer) -> None:
    with Registry(locked_server.host, credentials=Credentials(USER, PASSWORD)) as registry:
        found = put(registry, b"behind a lock")
        assert registry.has_blob(REPOSITORY, found.digest)


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        (None, "wants a login, and there is none for it"),
        (Credentials(USER, "wrong-pass-word"), "does not accept the login that there is for it"),
    ],
)
def test_without_the_right_login_one_sentence_says_so(
    locked_server: RegistryServer, credentials: Credentials | None, told: str
) -> None:
    with (
        Registry(locked_server.host, credentials=credentials) as registry,
        pytest.raises(errors.Unauthorized) as caught,
    ):
        registry.head_manifest(REPOSITORY, "v1")
    assert caught.value.message == f"{locked_server.host} {told}"
    assert "wrong-pass-word" not in repr(credentials)


# Faults


class Faulty(httpx.HTTPTransport):
    """The real connection, with what it does instead for the first requests that a script names."""

    def __init__(self, *script: tuple[str, int | Exception, dict[str, str]]) -> None:
        super().__init__()
        self.script = list(script)
        self.seen: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request.method)
        for number, (method, fault, headers) in enumerate(self.script):
            if request.method == method:
                del self.script[number]
                if isinstance(fault, Exception):
                    raise fault
                return httpx.Response(fault, headers=headers, request=request)
        return super().handle_request(request)


@pytest.mark.parametrize(
    ("script", "waited"),
    [
        ([("PUT", 500, {}), ("PUT", 503, {})], [0.25, 0.5]),
        ([("PUT", 429, {"Retry-After": "7"})], [7.0]),
        ([("PUT", httpx.ConnectError("refused"), {})], [0.25]),
        ([("PUT", httpx.ReadError("cut"), {})], [0.25]),
    ],
)
def test_trouble_that_passes_is_waited_for(
    server: RegistryServer, script: list[tuple[str, int | Exception, dict[str, str]]], waited: list[float]
) -> None:
    waits: list[float] = []
    with Registry(server.host) as plain:
        document = manifest(plain)
    with Registry(server.host, transport=Faulty(*script), wait=waits.append) as registry:
        registry.put_manifest(REPOSITORY, "later", document, MANIFEST)
        assert registry.head_manifest(REPOSITORY, "later") is not None
    assert waits == waited


@pytest.mark.parametrize(
    ("script", "kind", "told"),
    [
        ([("GET", 500, {})] * 5, errors.Refused, "refuses dags/sales:v9 with status 500"),
        ([("GET", 429, {})] * 5, errors.Refused, "has had too many requests; try again later"),
        ([("GET", 404, {})], errors.NotFound, "has no dags/sales:v9"),
        ([("GET", 403, {})], errors.Unauthorized, "this login may not do that with dags/sales:v9"),
        ([("GET", httpx.ConnectError("refused"), {})] * 5, errors.Unreachable, "cannot be reached: refused"),
    ],
)
def test_trouble_that_stays_is_told_in_one_sentence(
    server: RegistryServer,
    script: list[tuple[str, int | Exception, dict[str, str]]],
    kind: type[errors.RegistryError],
    told: str,
) -> None:
    waits: list[float] = []
    with (
        Registry(server.host, transport=Faulty(*script), wait=waits.append) as registry,
        pytest.raises(kind) as caught,
    ):
        registry.get_manifest(REPOSITORY, "v9")
    assert told in caught.value.message
    assert server.host in caught.value.message


def test_other_bytes_than_asked_for_are_refused(server: RegistryServer) -> None:
    class Lying(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if request.method == "GET" and response.status_code == 200:
                content = response.read()
                return httpx.Response(200, headers={"Content-Type": MANIFEST}, content=content[:-1] + b"!")
            return response

    with Registry(server.host) as plain:
        stored = plain.put_manifest(REPOSITORY, "true", manifest(plain), MANIFEST)
        blob = put(plain, b"the right bytes")
    with Registry(server.host, transport=Lying()) as registry:
        with pytest.raises(errors.DigestMismatch):
            registry.get_manifest(REPOSITORY, stored.digest)
        with pytest.raises(errors.DigestMismatch):
            registry.read_blob(REPOSITORY, blob, limit=1000)
        with pytest.raises(errors.TooLarge):
            registry.read_blob(REPOSITORY, blob, limit=10)


def test_an_upload_that_breaks_goes_on_where_it_was(server: RegistryServer) -> None:
    data = os.urandom(3 * CHUNK + 5)
    waits: list[float] = []
    proxy = CuttingProxy(server.host, cuts=[CHUNK + 3_000_000, CHUNK // 2])
    with proxy.running(), Registry(proxy.host, wait=waits.append) as registry:
        assert registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
    assert proxy.broken == 2
    with Registry(server.host) as registry:
        assert b"".join(registry.get_blob(REPOSITORY, Descriptor.of(data, LAYER_GZIP))) == data


def test_a_small_upload_that_breaks_is_repeated(server: RegistryServer) -> None:
    data = os.urandom(2_000_000)
    waits: list[float] = []
    proxy = CuttingProxy(server.host, cuts=[1_000_000])
    with proxy.running(), Registry(proxy.host, wait=waits.append) as registry:
        assert registry.push_blob(REPOSITORY, digest_of(data), len(data), opened(data))
        assert registry.has_blob(REPOSITORY, digest_of(data))
    assert (proxy.broken, len(waits)) == (1, 1)


def test_nothing_is_sent_in_the_clear_to_other_machines() -> None:
    asked: list[str] = []

    class Recording(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            if request.url.scheme == "http":
                return httpx.Response(200)
            return httpx.Response(307, headers={"Location": "http://elsewhere.example/blob"})

    with (
        Registry("registry.example.com", transport=Recording()) as registry,
        pytest.raises(errors.Unreachable, match="not encrypted"),
    ):
        registry.get_manifest(REPOSITORY, "v1")
    assert asked == [f"https://registry.example.com/v2/{REPOSITORY}/manifests/v1"]

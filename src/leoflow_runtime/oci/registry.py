"""A client of the OCI distribution API 1.1, as far as images and artifacts of DAGs need it.

oras does not read indexes, mount, list referrers or resume (ADR 0007): hence this one, on httpx.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import urlencode

import httpx

from leoflow_runtime.oci import referrers
from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.download import Download
from leoflow_runtime.oci.errors import BadAnswer, DigestMismatch, TooLarge, Unreachable
from leoflow_runtime.oci.records import MANIFESTS, Descriptor, digest_of, is_digest
from leoflow_runtime.oci.session import MayReach, Session, named, pull_scope, push_scope
from leoflow_runtime.oci.upload import CHUNK, Progress, Upload

__all__ = ["CHUNK", "MANIFEST_LIMIT", "MayReach", "Progress", "Registry"]

MANIFEST_LIMIT = 4 << 20  # what registries accept as well
_TRIES = 5  # of one manifest
_PAGES = 1000


class Registry:
    """The repositories of one host. Safe to use from several threads. Every method raises RegistryError."""

    def __init__(
        self,
        host: str,
        *,
        credentials: Credentials | None = None,
        insecure: bool = False,
        progress: Progress | None = None,
        may_reach: MayReach | None = None,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self._progress = progress or (lambda _digest, _sent, _size: None)
        self._wait = wait
        self._session = Session(
            host,
            credentials=credentials,
            insecure=insecure,
            may_reach=may_reach,
            transport=transport,
            wait=wait,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, value, trace)

    # Manifests

    def head_manifest(self, repository: str, version: str) -> Descriptor | None:
        """What a tag or digest names; None where it names nothing."""
        response = self._session.request(
            "HEAD",
            f"/v2/{repository}/manifests/{version}",
            scope=pull_scope(repository),
            what=named(repository, version),
            headers={"Accept": ", ".join(MANIFESTS)},
            missing=True,
        )
        if response.status_code == 404:
            return None
        digest = response.headers.get("Docker-Content-Digest", "")
        if not is_digest(digest):  # allowed, though all that matter send it
            return self.get_manifest(repository, version)[0]
        return Descriptor(
            media_type=_media_type(response),
            digest=digest,
            size=int(response.headers.get("Content-Length", "0")),
        )

    def get_manifest(self, repository: str, version: str) -> tuple[Descriptor, bytes]:
        """A manifest or index, its digest verified. Raises NotFound, DigestMismatch, TooLarge."""
        what = named(repository, version)
        response, data = self._whole(f"/v2/{repository}/manifests/{version}", pull_scope(repository), what)
        descriptor = Descriptor.of(data, _media_type(response))
        claimed = response.headers.get("Docker-Content-Digest", descriptor.digest)
        if descriptor.digest != (version if is_digest(version) else claimed):
            raise DigestMismatch(f"{self.host} sends other bytes for {what} than its digest says")
        return descriptor, data

    def put_manifest(self, repository: str, version: str, data: bytes, media_type: str) -> Descriptor:
        """Stores a manifest under a tag, or under its digest."""
        response = self._session.request(
            "PUT",
            f"/v2/{repository}/manifests/{version}",
            scope=push_scope(repository),
            what=named(repository, version),
            headers={"Content-Type": media_type},
            body=data,
        )
        descriptor = Descriptor.of(data, media_type)
        stored = response.headers.get("Docker-Content-Digest", descriptor.digest)
        if stored != descriptor.digest:
            raise DigestMismatch(
                f"{self.host} stored other bytes for {named(repository, version)} than were sent"
            )
        return descriptor

    def tags(self, repository: str) -> list[str]:
        """All tags, sorted; none for a repository that does not exist."""
        found: list[str] = []
        url = f"/v2/{repository}/tags/list?n=1000"
        for _ in range(_PAGES):
            response = self._session.request(
                "GET", url, scope=pull_scope(repository), what=f"tags of {repository}", missing=True
            )
            answer = _object(response, self.host)
            found += [tag for tag in answer.get("tags") or () if isinstance(tag, str)]
            following = response.links.get("next", {}).get("url")
            if following is None:
                return sorted(found)
            url = following
        raise BadAnswer(f"{self.host} lists the tags of {repository} without an end")

    # Blobs

    def has_blob(self, repository: str, digest: str) -> bool:
        response = self._session.request(
            "HEAD",
            f"/v2/{repository}/blobs/{digest}",
            scope=pull_scope(repository),
            what=named(repository, digest),
            missing=True,
        )
        return response.status_code != 404

    def read_blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        """The bytes of a small blob. Raises TooLarge before anything is read where it says so itself."""
        what = named(repository, descriptor.digest)
        if descriptor.size > limit:
            raise TooLarge(f"{what} on {self.host} has {descriptor.size:,} bytes; at most {limit:,} are read")
        return b"".join(self.get_blob(repository, descriptor))

    def get_blob(self, repository: str, descriptor: Descriptor) -> Iterator[bytes]:
        """The bytes of a blob in pieces; after the last one it is certain that they are the right ones.

        Goes on where a connection breaks.
        """
        download = Download(session=self._session, repository=repository, blob=descriptor, wait=self._wait)
        return download.pieces()

    def mount_blob(self, repository: str, digest: str, origin: str) -> bool:
        """Lets a repository have a blob of another one; False where the registry does not do that."""
        query = urlencode({"mount": digest, "from": origin})
        response = self._session.request(
            "POST",
            f"/v2/{repository}/blobs/uploads/?{query}",
            scope=f"{push_scope(repository)} {pull_scope(origin)}",
            what=f"uploads to {repository}",
        )
        if response.status_code == 201:
            return True
        location = response.headers.get("Location")
        if location:  # it has begun an upload instead
            self._session.request(
                "DELETE",
                location,
                scope=push_scope(repository),
                what=f"uploads to {repository}",
                missing=True,
            )
        return False

    def push_blob(self, repository: str, digest: str, size: int, open_it: Callable[[], BinaryIO]) -> bool:
        """Uploads bytes, in chunks that are resumed where a connection breaks. False: they were there."""
        if self.has_blob(repository, digest):
            self._progress(digest, size, size)
            return False
        with open_it() as stream:
            self.push_stream(repository, digest, size, stream)
        return True

    def push_bytes(self, repository: str, data: bytes) -> bool:
        """Uploads a small blob. False: it was there."""
        digest = digest_of(data)
        if self.has_blob(repository, digest):
            return False
        self.push_stream(repository, digest, len(data), io.BytesIO(data))
        return True

    def push_stream(self, repository: str, digest: str, size: int, stream: BinaryIO) -> None:
        """Uploads what can be read, from its beginning; whether it is there already is not asked."""
        self._upload(repository, digest, size).send(stream)

    def _upload(self, repository: str, digest: str, size: int) -> Upload:
        return Upload(
            session=self._session,
            repository=repository,
            digest=digest,
            size=size,
            is_there=lambda: self.has_blob(repository, digest),
            progress=self._progress,
            wait=self._wait,
        )

    # Referrers

    def referrers(self, repository: str, digest: str, artifact_type: str | None = None) -> list[Descriptor]:
        """What refers to a manifest: by the API, else by the fallback tag."""
        return referrers.listed(self, self._session, repository, digest, artifact_type)

    def put_referrer(
        self, repository: str, digest: str, data: bytes, media_type: str, artifact_type: str
    ) -> Descriptor:
        """Stores a manifest whose `subject` is another one, and lists it where the registry does not."""
        return referrers.stored(
            self,
            self._session,
            repository,
            digest,
            Descriptor.of(data, media_type, artifact_type=artifact_type),
            data,
        )

    def _whole(self, url: str, scope: str, what: str) -> tuple[httpx.Response, bytes]:
        """A manifest; asked for again where the connection breaks in the middle of it."""
        for number in range(1, _TRIES + 1):
            data = bytearray()
            with self._session.stream(
                "GET", url, scope=scope, what=what, headers={"Accept": ", ".join(MANIFESTS)}
            ) as response:
                try:
                    for piece in response.iter_bytes():
                        data += piece
                        if len(data) > MANIFEST_LIMIT:
                            raise TooLarge(f"{what} on {self.host} has more than {MANIFEST_LIMIT:,} bytes")
                    return response, bytes(data)
                except httpx.TransportError:
                    self._wait(0.25 * number)
        raise Unreachable(f"{self.host} broke off in the middle of {what}")


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip()


def _object(response: httpx.Response, host: str) -> dict[str, Any]:
    if response.status_code == 404:
        return {}
    try:
        answer = response.json()
    except ValueError as error:
        raise BadAnswer(f"{host} does not answer like a registry (no JSON)") from error
    if not isinstance(answer, dict):
        raise BadAnswer(f"{host} does not answer like a registry (no object)")
    return answer

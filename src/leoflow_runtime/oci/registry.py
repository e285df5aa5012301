"""A client of the OCI distribution API 1.1, as far as images and artifacts of DAGs need it.

oras does not read indexes, mount, list referrers or resume (ADR 0007): hence this one, on httpx.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import urlencode, urlsplit

import httpx

from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.errors import BadAnswer, DigestMismatch, NotFound, Refused, TooLarge, Unreachable
from leoflow_runtime.oci.records import INDEX, MANIFESTS, Descriptor, canonical_json, digest_of, is_digest
from leoflow_runtime.oci.session import Session

MANIFEST_LIMIT = 4 << 20  # what registries accept as well
CHUNK = 16 << 20  # bytes of one upload request
_READ = 1 << 20
_RESUMES = 5

Progress = Callable[[str, int, int], None]  # digest, bytes sent, bytes in all


class Registry:
    """The repositories of one host. Safe to use from several threads. Every method raises RegistryError."""

    def __init__(
        self,
        host: str,
        *,
        credentials: Credentials | None = None,
        insecure: bool = False,
        progress: Progress | None = None,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self._progress = progress or (lambda _digest, _sent, _size: None)
        self._wait = wait
        self._session = Session(
            host, credentials=credentials, insecure=insecure, transport=transport, wait=wait
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
            scope=_pull(repository),
            what=_named(repository, version),
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
        what = _named(repository, version)
        with self._session.stream(
            "GET",
            f"/v2/{repository}/manifests/{version}",
            scope=_pull(repository),
            what=what,
            headers={"Accept": ", ".join(MANIFESTS)},
        ) as response:
            data = self._read(response, what, MANIFEST_LIMIT)
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
            scope=_push(repository),
            what=_named(repository, version),
            headers={"Content-Type": media_type},
            body=data,
        )
        descriptor = Descriptor.of(data, media_type)
        stored = response.headers.get("Docker-Content-Digest", descriptor.digest)
        if stored != descriptor.digest:
            raise DigestMismatch(
                f"{self.host} stored other bytes for {_named(repository, version)} than were sent"
            )
        return descriptor

    def tags(self, repository: str) -> list[str]:
        """All tags, sorted; none for a repository that does not exist."""
        found: list[str] = []
        url: str | None = f"/v2/{repository}/tags/list?n=1000"
        while url is not None:
            response = self._session.request(
                "GET", url, scope=_pull(repository), what=f"tags of {repository}", missing=True
            )
            answer = _object(response, self.host)
            found += [tag for tag in answer.get("tags") or () if isinstance(tag, str)]
            following = response.links.get("next", {}).get("url")
            url = following if following != url else None
        return sorted(found)

    # Blobs

    def has_blob(self, repository: str, digest: str) -> bool:
        response = self._session.request(
            "HEAD",
            f"/v2/{repository}/blobs/{digest}",
            scope=_pull(repository),
            what=_named(repository, digest),
            missing=True,
        )
        return response.status_code != 404

    def read_blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        """The bytes of a small blob. Raises TooLarge before anything is read where it says so itself."""
        what = _named(repository, descriptor.digest)
        if descriptor.size > limit:
            raise TooLarge(f"{what} on {self.host} has {descriptor.size:,} bytes; at most {limit:,} are read")
        return b"".join(self.get_blob(repository, descriptor))

    def get_blob(self, repository: str, descriptor: Descriptor) -> Iterator[bytes]:
        """The bytes of a blob in pieces; after the last one it is certain that they are the right ones."""
        what = _named(repository, descriptor.digest)
        hashed, size = hashlib.sha256(), 0
        with self._session.stream(
            "GET", f"/v2/{repository}/blobs/{descriptor.digest}", scope=_pull(repository), what=what
        ) as response:
            try:
                for piece in response.iter_bytes(_READ):
                    size += len(piece)
                    if size > descriptor.size:
                        break
                    hashed.update(piece)
                    yield piece
            except httpx.TransportError as error:
                raise Unreachable(f"{self.host} broke off in the middle of {what}") from error
        if size != descriptor.size or f"sha256:{hashed.hexdigest()}" != descriptor.digest:
            raise DigestMismatch(f"{self.host} sends other bytes for {what} than its digest says")

    def mount_blob(self, repository: str, digest: str, origin: str) -> bool:
        """Lets a repository have a blob of another one; False where the registry does not do that."""
        query = urlencode({"mount": digest, "from": origin})
        response = self._session.request(
            "POST",
            f"/v2/{repository}/blobs/uploads/?{query}",
            scope=f"{_push(repository)} {_pull(origin)}",
            what=f"uploads to {repository}",
        )
        if response.status_code == 201:
            return True
        location = response.headers.get("Location")
        if location:  # it has begun an upload instead
            self._cancel(repository, location)
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
        self._push_whole(repository, digest, data)
        return True

    def push_stream(self, repository: str, digest: str, size: int, stream: BinaryIO) -> None:
        """Uploads what can be read, from its beginning; whether it is there already is not asked."""
        if size <= CHUNK:
            self._push_whole(repository, digest, stream.read())
        else:
            self._push_chunks(repository, digest, size, stream)

    def _push_whole(self, repository: str, digest: str, data: bytes) -> None:
        what = _named(repository, digest)
        for number in range(1, _RESUMES + 1):
            location = self._begin(repository)
            try:
                self._finish(repository, location, digest, data)
            except (Unreachable, NotFound) as error:
                if number == _RESUMES or self.has_blob(repository, digest):
                    if number == _RESUMES:
                        raise Unreachable(f"{self.host} does not take {what}: {error.message}") from error
                    break
                self._wait(0.25 * number)
                continue
            break
        self._progress(digest, len(data), len(data))

    def _push_chunks(self, repository: str, digest: str, size: int, stream: BinaryIO) -> None:
        location, sent, failures = self._begin(repository), 0, 0
        while sent < size:
            stream.seek(sent)
            chunk = stream.read(CHUNK)
            try:
                response = self._session.request(
                    "PATCH",
                    location,
                    scope=_push(repository),
                    what=_named(repository, digest),
                    headers={
                        "Content-Type": "application/octet-stream",
                        "Content-Range": f"{sent}-{sent + len(chunk) - 1}",
                    },
                    body=chunk,
                    retries=False,
                )
                location, sent = self._location(response), sent + len(chunk)
            except (Unreachable, NotFound, Refused) as error:
                failures += 1
                if failures > _RESUMES:
                    raise Unreachable(
                        f"{self.host} breaks off uploads of {_named(repository, digest)}: {error.message}"
                    ) from error
                self._wait(0.25 * 2**failures)
                location, sent = self._resumed(repository, location)
            self._progress(digest, sent, size)
        self._finish(repository, location, digest, b"")

    def _begin(self, repository: str) -> str:
        response = self._session.request(
            "POST",
            f"/v2/{repository}/blobs/uploads/",
            scope=_push(repository),
            what=f"uploads to {repository}",
        )
        return self._location(response)

    def _resumed(self, repository: str, location: str) -> tuple[str, int]:
        """Where an upload goes on: what the registry has of it, or a new one."""
        response = self._session.request(
            "GET", location, scope=_push(repository), what=f"uploads to {repository}", missing=True
        )
        last = response.headers.get("Range", "").removeprefix("bytes=").rpartition("-")[2]
        if response.status_code == 404 or not last.isdigit():
            return self._begin(repository), 0
        there = int(last)
        return response.headers.get("Location", location), there + 1 if there else 0

    def _finish(self, repository: str, location: str, digest: str, data: bytes) -> None:
        separator = "&" if urlsplit(location).query else "?"
        response = self._session.request(
            "PUT",
            f"{location}{separator}{urlencode({'digest': digest})}",
            scope=_push(repository),
            what=_named(repository, digest),
            headers={"Content-Type": "application/octet-stream"},
            body=data,
            retries=False,
        )
        stored = response.headers.get("Docker-Content-Digest", digest)
        if stored != digest:
            raise DigestMismatch(f"{self.host} stored other bytes than {digest}")

    def _cancel(self, repository: str, location: str) -> None:
        self._session.request(
            "DELETE", location, scope=_push(repository), what=f"uploads to {repository}", missing=True
        )

    def _location(self, response: httpx.Response) -> str:
        location = response.headers.get("Location")
        if not location:
            raise BadAnswer(f"{self.host} begins an upload without saying where")
        return str(location)

    # Referrers

    def referrers(self, repository: str, digest: str, artifact_type: str | None = None) -> list[Descriptor]:
        """What refers to a manifest: by the API, else by the fallback tag (specification, "Referrers")."""
        response = self._session.request(
            "GET",
            f"/v2/{repository}/referrers/{digest}",
            scope=_pull(repository),
            what=f"referrers of {_named(repository, digest)}",
            headers={"Accept": INDEX},
            missing=True,
        )
        index = _object(response, self.host) if response.status_code != 404 else None
        if index is None or not isinstance(index.get("manifests"), list):
            index = self._fallback(repository, digest)
        found = [Descriptor.from_json(raw) for raw in index.get("manifests", ())]
        return [one for one in found if artifact_type in (None, one.artifact_type)]

    def put_referrer(
        self, repository: str, digest: str, data: bytes, media_type: str, artifact_type: str
    ) -> Descriptor:
        """Stores a manifest whose `subject` is another one, and lists it where the registry does not."""
        own = digest_of(data)
        response = self._session.request(
            "PUT",
            f"/v2/{repository}/manifests/{own}",
            scope=_push(repository),
            what=_named(repository, own),
            headers={"Content-Type": media_type},
            body=data,
        )
        listed = Descriptor.of(data, media_type, artifact_type=artifact_type)
        if response.headers.get("OCI-Subject") != digest:
            index = self._fallback(repository, digest)
            others = [raw for raw in index.get("manifests", ()) if raw.get("digest") != own]
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*others, listed.to_json()]}
            self.put_manifest(repository, digest.replace(":", "-"), canonical_json(index), INDEX)
        return listed

    def _fallback(self, repository: str, digest: str) -> dict[str, Any]:
        try:
            _, data = self.get_manifest(repository, digest.replace(":", "-"))
            index = json.loads(data)
        except NotFound:
            return {"manifests": []}
        except ValueError as error:
            raise BadAnswer(f"{self.host} lists referrers that cannot be read") from error
        return index if isinstance(index, dict) else {"manifests": []}

    def _read(self, response: httpx.Response, what: str, limit: int) -> bytes:
        data = bytearray()
        try:
            for piece in response.iter_bytes():
                data += piece
                if len(data) > limit:
                    raise TooLarge(f"{what} on {self.host} has more than {limit:,} bytes")
        except httpx.TransportError as error:
            raise Unreachable(f"{self.host} broke off in the middle of {what}") from error
        return bytes(data)


def _named(repository: str, version: str) -> str:
    return f"{repository}{'@' if is_digest(version) else ':'}{version}"


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _push(repository: str) -> str:
    return f"repository:{repository}:pull,push"


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

"""Bytes on their way to a registry: in one request or in chunks, and on again where a connection breaks.

Distribution specification 1.1, "Pushing blobs": POST and PUT "monolithically", POST, PATCH…, PUT "in chunks".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlencode, urlsplit

import httpx

from leoflow_runtime.oci.errors import (
    BadAnswer,
    DigestMismatch,
    NotFound,
    Refused,
    RegistryError,
    Unavailable,
    Unreachable,
)
from leoflow_runtime.oci.session import Session, named, push_scope

CHUNK = 16 << 20  # bytes of one request
_RESUMES = 5  # without getting any further
_RANGE_NOT_SATISFIABLE = 416  # "you and I do not agree on what has come"

Progress = Callable[[str, int, int], None]  # digest, bytes sent, bytes in all


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """One blob to one repository. `is_there` asks whether it has arrived, when an answer was lost."""

    session: Session
    repository: str
    digest: str
    size: int
    is_there: Callable[[], bool]
    progress: Progress
    wait: Callable[[float], None]

    def send(self, stream: BinaryIO) -> None:
        """From the beginning of `stream`, which can seek. Raises RegistryError."""
        if self.size <= CHUNK:
            self._whole(stream.read())
        else:
            self._chunks(stream)

    def _whole(self, data: bytes) -> None:
        failures = 0
        while True:
            try:
                self._finish(self.begin(), data)
                break
            except RegistryError as error:
                failures += 1
                self._recover(error, failures)
                if self.is_there():
                    break
        self.progress(self.digest, self.size, self.size)

    def _chunks(self, stream: BinaryIO) -> None:
        location, sent, furthest, failures = self.begin(), 0, 0, 0
        while True:
            try:
                if sent == self.size:
                    self._finish(location, b"")
                    return
                location, sent = self._chunk(stream, location, sent)
                if sent > furthest:
                    furthest, failures = sent, 0
            except RegistryError as error:
                failures += 1
                self._recover(error, failures)
                if sent == self.size and self.is_there():
                    return
                location, sent = self._resumed(location)
            self.progress(self.digest, sent, self.size)

    def _chunk(self, stream: BinaryIO, location: str, sent: int) -> tuple[str, int]:
        stream.seek(sent)
        chunk = stream.read(min(CHUNK, self.size - sent))
        if not chunk:
            raise DigestMismatch(
                f"what is sent to {self.session.host} as {self._what} is shorter than it was"
            )
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{sent}-{sent + len(chunk) - 1}",
        }
        response = self._request("PATCH", location, headers=headers, body=chunk)
        return self._location(response), sent + len(chunk)

    def _recover(self, error: RegistryError, failures: int) -> None:
        """Waits before the next try, or raises what no other try will mend."""
        lost = isinstance(error, Refused) and error.status == _RANGE_NOT_SATISFIABLE
        if not lost and not isinstance(error, (Unreachable, Unavailable, NotFound)):
            raise error
        if failures > _RESUMES:
            raise Unreachable(
                f"{self.session.host} breaks off uploads of {self._what}: {error.message}"
            ) from error
        self.wait(0.25 * 2 ** (failures - 1))

    def begin(self) -> str:
        """Opens an upload; gives its location."""
        response = self.session.request(
            "POST",
            f"/v2/{self.repository}/blobs/uploads/",
            scope=push_scope(self.repository),
            what=f"uploads to {self.repository}",
        )
        return self._location(response)

    def _resumed(self, location: str) -> tuple[str, int]:
        """Where an upload goes on: after what the registry has of it, or as a new one."""
        response = self.session.request(
            "GET",
            location,
            scope=push_scope(self.repository),
            what=f"uploads to {self.repository}",
            missing=True,
        )
        last = response.headers.get("Range", "").removeprefix("bytes=").rpartition("-")[2]
        if response.status_code == 404 or not last.isdigit() or int(last) >= self.size:
            return self.begin(), 0
        return response.headers.get("Location", location), int(last) + 1 if int(last) else 0

    def _finish(self, location: str, data: bytes) -> None:
        separator = "&" if urlsplit(location).query else "?"
        url = f"{location}{separator}{urlencode({'digest': self.digest})}"
        response = self._request("PUT", url, headers={"Content-Type": "application/octet-stream"}, body=data)
        if response.headers.get("Docker-Content-Digest", self.digest) != self.digest:
            raise DigestMismatch(f"{self.session.host} stored other bytes than {self._what}")

    def _request(self, method: str, url: str, *, headers: dict[str, str], body: bytes) -> httpx.Response:
        """Once: what a repeated request would do depends on what has arrived of this one."""
        return self.session.request(
            method,
            url,
            scope=push_scope(self.repository),
            what=self._what,
            headers=headers,
            body=body,
            retries=False,
        )

    def _location(self, response: httpx.Response) -> str:
        location = response.headers.get("Location")
        if not location:
            raise BadAnswer(f"{self.session.host} begins an upload without saying where")
        return str(location)

    @property
    def _what(self) -> str:
        return named(self.repository, self.digest)

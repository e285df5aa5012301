"""Bytes on their way from a registry: verified, and gone on with where a connection breaks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from leoflow_runtime.oci.errors import DigestMismatch, Unreachable
from leoflow_runtime.oci.records import Descriptor
from leoflow_runtime.oci.session import Session, named, pull_scope

_READ = 1 << 20  # bytes
_RESUMES = 5  # without getting any further


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """One blob of one repository."""

    session: Session
    repository: str
    blob: Descriptor
    wait: Callable[[float], None]

    def pieces(self) -> Iterator[bytes]:
        """After the last one it is certain that they are the right ones. Raises RegistryError."""
        host, what = self.session.host, named(self.repository, self.blob.digest)
        hashed, size, failures = hashlib.sha256(), 0, 0
        while size < self.blob.size or size == 0:
            begin = size
            try:
                for piece in self._from(size, what):
                    size += len(piece)
                    if size > self.blob.size:
                        break
                    hashed.update(piece)
                    yield piece
                break
            except httpx.TransportError as error:
                failures = 1 if size > begin else failures + 1
                if failures > _RESUMES:
                    raise Unreachable(f"{host} broke off in the middle of {what}") from error
                self.wait(0.25 * 2 ** (failures - 1))
        if size != self.blob.size or f"sha256:{hashed.hexdigest()}" != self.blob.digest:
            raise DigestMismatch(f"{host} sends other bytes for {what} than its digest says")

    def _from(self, start: int, what: str) -> Iterator[bytes]:
        """The rest of the blob. Raises httpx.TransportError where it breaks off."""
        with self.session.stream(
            "GET",
            f"/v2/{self.repository}/blobs/{self.blob.digest}",
            scope=pull_scope(self.repository),
            what=what,
            # As stored: a layer that is gzip is not unpacked on the way.
            headers={"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {}),
        ) as response:
            skip = start if response.status_code != 206 else 0
            for piece in response.iter_bytes(_READ):
                dropped = min(skip, len(piece))
                skip -= dropped
                if piece := piece[dropped:]:
                    yield piece

"""What a server may be told to fetch and to run: pure rules over references and documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from leoflow_runtime.oci.reference import BadReference, Reference
from leoflow_server.registry.placement import Placement
from leoflow_server.settings import Settings


class Denied(Exception):
    """The server's policy does not allow it; one sentence that says which setting decides."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Which registries, and what is demanded of what they hold."""

    registries: tuple[str, ...] = ()  # "host" or "host/path"
    hosts: frozenset[str] = frozenset()  # where those may send to beyond themselves
    insecure: frozenset[str] = frozenset()
    digest_required: bool = False
    signature_required: bool = False
    placement: Placement = field(default_factory=Placement)

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        return cls(
            registries=settings.registries,
            hosts=frozenset(settings.registry_hosts),
            insecure=frozenset(settings.insecure_registries),
            digest_required=settings.require_digest,
            signature_required=settings.require_signature,
            placement=Placement.of(settings),
        )

    def admit(self, reference: Reference) -> None:
        """Whether it may be fetched at all. Raises Denied."""
        if not self.registries:
            raise Denied(
                "this server pulls from no registry; its setting `registries` names those it may use"
            )
        if not any(_covers(entry, reference) for entry in self.registries):
            name = f"{reference.registry}/{reference.repository}"
            raise Denied(f"this server does not pull from {name}; its `registries` are {self._listed}")

    def admit_document(self, document: Mapping[str, Any], *, is_signed: bool) -> None:
        """Whether a checked document may become a version. Raises Denied.

        A signature is one of the artifact, so that a document that was sent by itself has none.
        """
        if self.signature_required and not is_signed:
            raise Denied(
                "this server takes signed artifacts only (`require_signature`); "
                "register the artifact by its oci:// reference"
            )
        objection = self.placement.objection(document)
        if objection is not None:
            raise Denied(objection)
        text = document.get("image")
        if text is None or not (self.registries or self.digest_required):
            return
        try:
            image = Reference.parse(text)
        except BadReference as error:
            raise Denied(str(error)) from None
        if self.digest_required and image.digest is None:
            raise Denied(f"the image {text} is not named by digest, which this server demands")
        if self.registries and not any(_covers(entry, image) for entry in self.registries):
            raise Denied(f"images of {text} are not allowed here; the `registries` are {self._listed}")

    def may_reach(self, registry: Reference, url: str, *, source: str | None) -> bool:
        """Whether a request may go to `url`; `source`: the request that was redirected there.

        Manifests come from the registry itself; blobs and tokens also from the hosts that are named.
        """
        host = urlsplit(url).netloc.lower()
        if host == registry.host.lower():
            return True
        if source is not None and "/manifests/" in urlsplit(source).path:
            return False
        return host in self.hosts

    @property
    def _listed(self) -> str:
        return ", ".join(self.registries)


def _covers(entry: str, reference: Reference) -> bool:
    """`host` covers all of a registry, `host/path` that repository and those below it."""
    host, _, path = entry.removeprefix("oci://").strip("/").partition("/")
    if host.lower() != reference.registry.lower():
        return False
    return not path or reference.repository == path or reference.repository.startswith(f"{path}/")

"""What refers to a manifest: SBOMs, provenance, signatures.

Distribution specification 1.1, "Listing Referrers".
Many registries lack the API; there, an index under the tag `sha256-…` lists them ("Referrers Tag Schema").
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from leoflow_runtime.oci.errors import BadAnswer, NotFound
from leoflow_runtime.oci.parsing import parse_json
from leoflow_runtime.oci.records import INDEX, Descriptor, canonical_json
from leoflow_runtime.oci.session import Session, named, pull_scope, push_scope

if TYPE_CHECKING:
    from leoflow_runtime.oci.registry import Registry

_PAGES = 100


def listed(
    registry: Registry, session: Session, repository: str, digest: str, artifact_type: str | None
) -> list[Descriptor]:
    """By the API, else by the fallback tag. Raises RegistryError."""
    found = _by_api(session, repository, digest)
    if found is None:
        found = _by_tag(registry, repository, digest)
    return [one for one in found if artifact_type in (None, one.artifact_type)]


def stored(
    registry: Registry, session: Session, repository: str, digest: str, referrer: Descriptor, data: bytes
) -> Descriptor:
    """Stores a manifest with a `subject`; lists it where the registry does not."""
    response = session.request(
        "PUT",
        f"/v2/{repository}/manifests/{referrer.digest}",
        scope=push_scope(repository),
        what=named(repository, referrer.digest),
        headers={"Content-Type": referrer.media_type},
        body=data,
    )
    referrer = replace(referrer, annotations=parse_json(data).get("annotations") or {})
    if response.headers.get("OCI-Subject") != digest:
        others = [one for one in _by_tag(registry, repository, digest) if one.digest != referrer.digest]
        manifests = [one.to_json() for one in (*others, referrer)]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        registry.put_manifest(repository, _tag(digest), canonical_json(index), INDEX)
    return referrer


def _by_api(session: Session, repository: str, digest: str) -> list[Descriptor] | None:
    """None: there is no such API."""
    found: list[Descriptor] = []
    url = f"/v2/{repository}/referrers/{digest}"
    for _ in range(_PAGES):
        response = session.request(
            "GET",
            url,
            scope=pull_scope(repository),
            what=f"referrers of {named(repository, digest)}",
            headers={"Accept": INDEX},
            missing=True,
        )
        if response.status_code == 404 or "json" not in response.headers.get("Content-Type", ""):
            return None
        found += _entries(response.content, session.host, repository, digest)
        following = response.links.get("next", {}).get("url")
        if following is None:
            return found
        url = following
    raise BadAnswer(f"{session.host} lists referrers of {named(repository, digest)} without an end")


def _by_tag(registry: Registry, repository: str, digest: str) -> list[Descriptor]:
    try:
        _, data = registry.get_manifest(repository, _tag(digest))
    except NotFound:
        return []
    return _entries(data, registry.host, repository, digest)


def _entries(data: bytes, host: str, repository: str, digest: str) -> list[Descriptor]:
    try:
        index: Any = parse_json(data)
        manifests = index.get("manifests") if isinstance(index, dict) else None
        if not isinstance(manifests, list):
            raise ValueError("it is no index")
        return [Descriptor.from_json(raw) for raw in manifests]
    except ValueError as error:
        raise BadAnswer(
            f"{host} lists referrers of {named(repository, digest)} that cannot be read: {error}"
        ) from error


def _tag(digest: str) -> str:
    return digest.replace(":", "-")

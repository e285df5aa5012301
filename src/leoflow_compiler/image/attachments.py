"""Documents about an image, beside it in the registry: referrers, or their fallback where there are none.

OCI image specification 1.1, manifest.md, "Guidelines for Artifact Usage": empty config, one layer, a subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leoflow_compiler.image import provenance, sbom
from leoflow_compiler.image.builder import Image
from leoflow_compiler.image.layers import epoch
from leoflow_compiler.image.lock import Lock
from leoflow_runtime.oci.records import EMPTY, MANIFEST, Descriptor, canonical_json
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry

TITLE = "org.opencontainers.image.title"
_NOTHING = b"{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One that is attached now."""

    kind: str  # its media type
    digest: str  # of the manifest that refers to the image
    sent: int  # bytes; 0: it was there


def attach_documents(
    registry: Registry, target: Reference, image: Image, lock: Lock, *, dag_id: str, folder: Path
) -> list[Document]:
    """An SBOM for each platform and the provenance of all.

    `target` is the image's repository and tag. Repeating it adds nothing. Raises RegistryError.
    """
    found, version = [], target.version
    subjects = [target.at(digest=image.digest)]
    for one in image.platforms:
        own = target.at(digest=one.descriptor.digest)
        if own not in subjects:
            subjects.append(own)
        document = sbom.sbom(lock, str(one.platform), dag_id=dag_id, version=version, image=own)
        found.append(
            attach(registry, target.repository, one.descriptor, document, sbom.MEDIA_TYPE, "sbom.cdx.json")
        )
    statement = provenance.provenance(
        lock,
        subjects,
        dag_id=dag_id,
        version=version,
        source_date_epoch=epoch(),
        commit=provenance.commit_of(folder),
    )
    kind, title = provenance.MEDIA_TYPE, "provenance.intoto.json"
    found.append(attach(registry, target.repository, image.descriptor, statement, kind, title))
    return found


def attach(
    registry: Registry,
    repository: str,
    subject: Descriptor,
    document: dict[str, Any],
    media_type: str,
    title: str,
) -> Document:
    """Stores one document as a referrer of `subject`. Raises RegistryError."""
    data = canonical_json(document)
    manifest = canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": media_type,
            "config": Descriptor.of(_NOTHING, EMPTY).to_json(),
            "layers": [Descriptor.of(data, media_type, annotations={TITLE: title}).to_json()],
            "subject": Descriptor(
                media_type=subject.media_type, digest=subject.digest, size=subject.size
            ).to_json(),
        }
    )
    own, sent = Descriptor.of(manifest, MANIFEST), 0
    listed = registry.referrers(repository, subject.digest, media_type)
    if all(one.digest != own.digest for one in listed):
        sent = sum(len(part) for part in (_NOTHING, data) if registry.push_bytes(repository, part))
        registry.put_referrer(repository, subject.digest, manifest, MANIFEST, media_type)
        sent += len(manifest)
    return Document(kind=media_type, digest=own.digest, sent=sent)

"""Documents about an image, beside it in the registry: referrers, or their fallback where there are none.

OCI image specification 1.1, manifest.md, "Guidelines for Artifact Usage": empty config, one layer, a subject.
"""

from __future__ import annotations

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


def attach_documents(
    registry: Registry, target: Reference, image: Image, lock: Lock, *, dag_id: str, folder: Path
) -> int:
    """An SBOM for each platform and the provenance of all; gives the bytes sent, 0 where all are there.

    `target` is the image's repository and tag. Repeating it adds nothing. Raises RegistryError.
    """
    sent, version = 0, target.version
    subjects = [target.at(digest=image.digest)]
    for one in image.platforms:
        own = target.at(digest=one.descriptor.digest)
        if own not in subjects:
            subjects.append(own)
        document = sbom.sbom(lock, str(one.platform), dag_id=dag_id, version=version, image=own)
        sent += attach(
            registry, target.repository, one.descriptor, document, sbom.MEDIA_TYPE, "sbom.cdx.json"
        )
    statement = provenance.provenance(
        lock,
        subjects,
        dag_id=dag_id,
        version=version,
        source_date_epoch=epoch(),
        commit=provenance.commit_of(folder),
    )
    return sent + attach(
        registry,
        target.repository,
        image.descriptor,
        statement,
        provenance.MEDIA_TYPE,
        "provenance.intoto.json",
    )


def attach(
    registry: Registry,
    repository: str,
    subject: Descriptor,
    document: dict[str, Any],
    media_type: str,
    title: str,
) -> int:
    """Stores one document as a referrer of `subject`; gives the bytes sent. Raises RegistryError."""
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
    own = Descriptor.of(manifest, MANIFEST)
    if any(one.digest == own.digest for one in registry.referrers(repository, subject.digest, media_type)):
        return 0
    sent = sum(len(part) for part in (_NOTHING, data) if registry.push_bytes(repository, part))
    registry.put_referrer(repository, subject.digest, manifest, MANIFEST, media_type)
    return sent + len(manifest)

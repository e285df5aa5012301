"""What an image is made of, as a CycloneDX 1.6 document (ECMA-424), from the lock alone.

It lists what Leoflow put there. The base image is one component, named by digest: what it holds is the base's
to tell, and the document says that its parts are incomplete.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from importlib import metadata
from typing import Any
from urllib.parse import quote

from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.uv import Package
from leoflow_runtime.oci.reference import Reference

MEDIA_TYPE = "application/vnd.cyclonedx+json"
_WHEEL = "leoflow:wheel"  # a digest of one of the wheels that the lock allows
_PART = "leoflow:part"  # of the image: "dependencies" or "agent"


def sbom(lock: Lock, platform: str, *, dag_id: str, version: str, image: Reference) -> dict[str, Any]:
    """The document for one platform's image, which `image` names by digest. The same lock, the same bytes."""
    base = _base(lock)
    packages = [
        *_components(lock.packages[platform], "dependencies"),
        *_components(lock.agent[platform], "agent"),
        _leoflow(),
    ]
    own = oci_purl(image)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, own).urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": own,
                "name": dag_id,
                "version": version,
                "purl": own,
                "hashes": [_sha256(str(image.digest))],
                "properties": [{"name": "leoflow:platform", "value": platform}],
            },
            "tools": {"components": [_leoflow(reference="tool")]},
        },
        "components": [base, *packages],
        "dependencies": [
            {"ref": own, "dependsOn": sorted({base["bom-ref"], *(one["bom-ref"] for one in packages)})}
        ],
        "compositions": [{"aggregate": "incomplete", "assemblies": [base["bom-ref"]]}],
    }


def python_purl(name: str, version: str) -> str:
    """Package URL of a distribution (purl-spec, type `pypi`: lower case, `-` for `_`)."""
    return f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(version)}"


def oci_purl(image: Reference) -> str:
    """Package URL of an image (purl-spec, type `oci`: the digest is its version)."""
    name = image.repository.rpartition("/")[2]
    where = quote(f"{image.registry}/{image.repository}", safe="/")
    return f"pkg:oci/{name}@{quote(str(image.digest), safe='')}?repository_url={where}"


def _base(lock: Lock) -> dict[str, Any]:
    reference = Reference.parse(lock.base)
    purl = oci_purl(reference.at(digest=lock.base_digest))
    return {
        "type": "container",
        "bom-ref": purl,
        "name": f"{reference.registry}/{reference.repository}",
        "version": reference.tag or lock.base_digest,
        "purl": purl,
        "hashes": [_sha256(lock.base_digest)],
    }


def _components(packages: Iterable[Package], part: str) -> Iterable[dict[str, Any]]:
    """Which of a package's wheels was taken, the platform decides: all of them are properties."""
    for one in packages:
        purl = python_purl(one.name, one.version)
        yield {
            "type": "library",
            "bom-ref": f"{part}:{purl}",
            "name": one.name,
            "version": one.version,
            "purl": purl,
            "properties": [
                {"name": _PART, "value": part},
                *({"name": _WHEEL, "value": digest} for digest in sorted(one.hashes)),
            ],
        }


def _leoflow(reference: str = "agent") -> dict[str, Any]:
    version = metadata.version("leoflow")
    purl = python_purl("leoflow", version)
    return {
        "type": "application",
        "bom-ref": f"{reference}:{purl}",
        "name": "leoflow",
        "version": version,
        "purl": purl,
    }


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest.removeprefix("sha256:")}

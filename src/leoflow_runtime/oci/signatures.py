"""Signatures beside what they sign, as cosign keeps them for its keys.

cosign, `specs/SIGNATURE_SPEC.md`: the manifest under the tag `sha256-<digest>.sig` has a layer for each
signature; the layer is the payload that was signed ("simple signing", which names the digest), its annotation
the signature. A registry needs nothing for it but tags.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.oci.errors import BadAnswer, NotFound, RegistryError
from leoflow_runtime.oci.keys import PrivateKey, PublicKey
from leoflow_runtime.oci.records import CONFIG, MANIFEST, Descriptor, canonical_json
from leoflow_runtime.oci.registry import Registry

PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
_TYPE = "cosign container image signature"
_PAYLOAD_LIMIT = 64 << 10  # bytes
_SIGNATURES = 50  # of one digest: more are not looked at


class NotSigned(RegistryError):
    """There is no signature, or none by a key that is trusted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """One layer of the manifest. Its bytes say nothing until a key has verified them."""

    payload: bytes
    signature: bytes  # DER

    def names(self, digest: str) -> bool:
        """Whether the payload is about that digest."""
        try:
            critical = json.loads(self.payload)["critical"]
            return bool(critical["type"] == _TYPE and critical["image"]["docker-manifest-digest"] == digest)
        except (ValueError, KeyError, TypeError, RecursionError):
            return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """Which key has signed, and what it says besides the digest."""

    digest: str
    key: str  # fingerprint
    identity: str  # the repository that was signed: a copy elsewhere keeps it
    annotations: Mapping[str, str]


def signature_tag(digest: str) -> str:
    """Where the signatures of a digest are."""
    return f"{digest.replace(':', '-')}.sig"


def payload(identity: str, digest: str, annotations: Mapping[str, str] | None = None) -> bytes:
    """What is signed: `identity` is the repository with its registry."""
    return canonical_json(
        {
            "critical": {
                "identity": {"docker-reference": identity},
                "image": {"docker-manifest-digest": digest},
                "type": _TYPE,
            },
            "optional": dict(annotations) if annotations else None,
        }
    )


def sign(
    registry: Registry,
    repository: str,
    digest: str,
    key: PrivateKey,
    *,
    identity: str | None = None,
    annotations: Mapping[str, str] | None = None,
) -> bool:
    """Adds a signature to those that there are; False: this key has signed this digest, saying the same.

    Two who sign one digest in the same moment may lose one of both: there is no lock in a registry.
    Raises RegistryError.
    """
    if registry.head_manifest(repository, digest) is None:
        raise NotFound(f"there is no {repository}@{digest} on {registry.host}")
    signed = payload(identity or f"{registry.host}/{repository}", digest, annotations)
    known = _stored(registry, repository, digest)
    for one in _read(registry, repository, known):
        if one.payload == signed and key.public.verifies(one.signature, signed):
            return False
    signature = base64.b64encode(key.sign(signed)).decode()
    registry.push_bytes(repository, signed)
    layers = [*known, Descriptor.of(signed, PAYLOAD, annotations={SIGNATURE: signature})]
    config = canonical_json(_config(layers))
    registry.push_bytes(repository, config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": Descriptor.of(config, CONFIG).to_json(),
        "layers": [layer.to_json() for layer in layers],
    }
    registry.put_manifest(repository, signature_tag(digest), canonical_json(manifest), MANIFEST)
    return True


def signatures(registry: Registry, repository: str, digest: str) -> list[Signature]:
    """Those that there are, unverified. Raises RegistryError."""
    return list(_read(registry, repository, _stored(registry, repository, digest)))


def verify_signature(registry: Registry, repository: str, digest: str, keys: Sequence[PublicKey]) -> Verified:
    """The first signature of `digest` by one of the keys. Raises NotSigned, RegistryError."""
    found = signatures(registry, repository, digest)
    what = f"{registry.host}/{repository}@{digest}"
    if not found:
        raise NotSigned(f"{what} is not signed", hint="sign it: `leoflow sign --key FILE`")
    for one in found:
        for key in keys:
            if one.names(digest) and key.verifies(one.signature, one.payload):
                return _verified(one, digest, key)
    raise NotSigned(
        f"{what} is signed, and not by {'the key' if len(keys) == 1 else 'any key'} that is trusted"
    )


def _verified(one: Signature, digest: str, key: PublicKey) -> Verified:
    raw = json.loads(one.payload)
    optional = raw.get("optional")
    identity = raw["critical"].get("identity")
    return Verified(
        digest=digest,
        key=key.fingerprint,
        identity=str(identity.get("docker-reference", "")) if isinstance(identity, Mapping) else "",
        annotations={str(name): str(value) for name, value in optional.items()}
        if isinstance(optional, Mapping)
        else {},
    )


def _stored(registry: Registry, repository: str, digest: str) -> list[Descriptor]:
    """The layers under the tag of a digest's signatures."""
    try:
        _, data = registry.get_manifest(repository, signature_tag(digest))
    except NotFound:
        return []
    try:
        return [Descriptor.from_json(raw) for raw in json.loads(data)["layers"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadAnswer(
            f"the signatures of {repository}@{digest} on {registry.host} cannot be read"
        ) from error


def _read(registry: Registry, repository: str, layers: Sequence[Descriptor]) -> Iterator[Signature]:
    for layer in layers[:_SIGNATURES]:
        text = layer.annotations.get(SIGNATURE)
        if layer.media_type != PAYLOAD or text is None:
            continue
        try:
            signature = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            continue
        data = registry.read_blob(repository, layer, limit=_PAYLOAD_LIMIT)
        yield Signature(payload=data, signature=signature)


def _config(layers: Sequence[Descriptor]) -> dict[str, Any]:
    """An image configuration about nothing, as cosign writes it."""
    return {
        "architecture": "",
        "os": "",
        "created": "0001-01-01T00:00:00Z",
        "config": {},
        "history": [{"created": "0001-01-01T00:00:00Z"} for _ in layers],
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }

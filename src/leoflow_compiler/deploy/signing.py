"""Signatures on what a deployment consists of, each part by its digest.

Needs the extra `signing`: imported only where there is a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leoflow_compiler.deploy.subject import Part
from leoflow_runtime.oci.keys import PrivateKey, PublicKey
from leoflow_runtime.oci.registry import Registry
from leoflow_runtime.oci.signatures import Verified, sign, verify_signature


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A part with a signature of ours."""

    part: Part
    is_new: bool  # False: this key had signed it before, saying the same

    def to_json(self) -> dict[str, Any]:
        return {"part": self.part.name, "reference": str(self.part.reference), "new": self.is_new}


def sign_parts(
    registry: Registry, parts: Iterable[Part], key: PrivateKey, annotations: Mapping[str, str]
) -> list[Signed]:
    """Repeating it adds nothing. Raises RegistryError."""
    return [
        Signed(part=part, is_new=_sign(registry, part, key, annotations)) for part in dict.fromkeys(parts)
    ]


def verify_parts(
    registry: Registry, parts: Iterable[Part], keys: Sequence[PublicKey]
) -> Iterator[tuple[Part, Verified]]:
    """Every part has to be signed by one of the keys. Raises NotSigned, RegistryError."""
    for part in parts:
        one = part.reference
        yield part, verify_signature(registry, one.repository, str(one.digest), keys)


def _sign(registry: Registry, part: Part, key: PrivateKey, annotations: Mapping[str, str]) -> bool:
    one = part.reference
    identity = f"{one.registry}/{one.repository}"
    return sign(registry, one.repository, str(one.digest), key, identity=identity, annotations=annotations)

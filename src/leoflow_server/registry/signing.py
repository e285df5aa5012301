"""Whether an artifact is signed by a key that this server trusts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from leoflow_runtime.oci.keys import BadKey, PublicKey
from leoflow_runtime.oci.registry import Registry
from leoflow_runtime.oci.signatures import verify_signature
from leoflow_server.registry.policy import Denied


def check_signature(registry: Registry, repository: str, digest: str, key_files: Sequence[str]) -> None:
    """The files are read each time: a key that is taken back is taken back at once.

    Raises Denied where a key cannot be read, RegistryError where nothing trusted has signed the digest.
    """
    verify_signature(registry, repository, digest, [_key(file) for file in key_files])


def _key(file: str) -> PublicKey:
    try:
        return PublicKey.from_pem(Path(file).read_bytes())
    except (OSError, BadKey) as error:
        raise Denied(f"the key {file} in `signature_keys` cannot be used: {error}") from None

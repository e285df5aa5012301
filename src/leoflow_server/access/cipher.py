"""AES-256-GCM under rotatable keys: what is sealed for one place cannot be opened in another.

A sealed value is `key id (8 bytes) | nonce (12 bytes) | ciphertext and tag`; the key id is the beginning
of the key's sha256. The place (tenant, table, identity) is authenticated, so a value copied over another
row's does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_BYTES = 32
_ID_BYTES = 8


class CannotDecrypt(Exception):
    """The value was sealed under a key that is not at hand, for another place, or was changed."""


class Cipher:
    """Seals under the first key; opens under any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("an encryption key is needed")
        for key in keys:
            if len(key) != _KEY_BYTES:
                raise ValueError(f"an encryption key must be {_KEY_BYTES} bytes, not {len(key)}")
        self._current = _key_id(keys[0])
        self._keys = {_key_id(key): AESGCM(key) for key in keys}

    @classmethod
    def from_text(cls, text: str) -> Cipher:
        """Reads `key,key,…`: base64 of 32 bytes each, urlsafe or not, padded or not; `name:key` as well."""
        return cls([_decoded(part.strip().rpartition(":")[2]) for part in text.split(",")])

    @staticmethod
    def generate_key() -> str:
        return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()

    def encrypt(self, text: str, *, tenant_id: int, table: str, identity: str) -> bytes:
        """`table` names what the value is ("variables", "connections.password"), `identity` whose it is."""
        nonce = os.urandom(_NONCE_BYTES)
        place = _place(tenant_id, table, identity)
        return self._current + nonce + self._keys[self._current].encrypt(nonce, text.encode(), place)

    def decrypt(self, data: bytes, *, tenant_id: int, table: str, identity: str) -> str:
        """Raises CannotDecrypt."""
        key = self._keys.get(data[:_ID_BYTES])
        if key is None:
            raise CannotDecrypt("the value was encrypted under a key that this server does not have")
        nonce, sealed = data[_ID_BYTES : _ID_BYTES + _NONCE_BYTES], data[_ID_BYTES + _NONCE_BYTES :]
        try:
            return key.decrypt(nonce, sealed, _place(tenant_id, table, identity)).decode()
        except (InvalidTag, ValueError):
            raise CannotDecrypt(
                "the value does not open: it was changed, or moved from another row"
            ) from None

    def is_current(self, data: bytes) -> bool:
        """Whether rotation has nothing to do for this value."""
        return data[:_ID_BYTES] == self._current


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_ID_BYTES]


def _decoded(text: str) -> bytes:
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, validate=True)
    except binascii.Error:
        raise ValueError("an encryption key is base64 of 32 bytes") from None


def _place(*parts: str | int) -> bytes:
    # Length-prefixed, so that no two places read the same.
    return b"".join(f"{len(str(part).encode())}:{part}/".encode() for part in parts)

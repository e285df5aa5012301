"""Keys that sign: ECDSA on P-256 in PEM, as `cosign generate-key-pair` writes them.

A private key of cosign's is a PKCS #8 document in a box of NaCl's, the key of the box derived from a password
with scrypt (securesystemslib, `encrypted` package): `ENCRYPTED SIGSTORE PRIVATE KEY`, earlier `… COSIGN …`.
Keys that openssl writes serve as well.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_LABELS = (b"ENCRYPTED SIGSTORE PRIVATE KEY", b"ENCRYPTED COSIGN PRIVATE KEY")
# What cosign itself writes, and the most that is computed for a key of somebody else's: 128 * N * r bytes.
_SCRYPT = {"N": 65536, "r": 8, "p": 1}
_MEMORY = 512 << 20


class BadKey(ValueError):
    """No key of the kind that is wanted; the message is one sentence, and holds nothing of the key."""


class WrongPassword(BadKey):
    """The key is encrypted, and this password, or none, does not open it."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Verifies."""

    key: ec.EllipticCurvePublicKey

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """Raises BadKey."""
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BadKey("this is no public key in PEM form") from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadKey("the public key is of another kind than ECDSA on P-256")
        return cls(key)

    def to_pem(self) -> bytes:
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def fingerprint(self) -> str:
        """`sha256:` and the digest of the key's DER form: what people compare, what a log may name."""
        der = self.key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"sha256:{hashlib.sha256(der).hexdigest()}"

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` (DER) is this key's, over the SHA-256 of `data`."""
        try:
            self.key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Signs. Its representation shows nothing of it."""

    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> PrivateKey:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes, password: bytes | None = None) -> PrivateKey:
        """Reads cosign's encrypted form and the plain forms of openssl. Raises BadKey, WrongPassword."""
        is_boxed = any(b"-----BEGIN " + label + b"-----" in pem for label in _LABELS)
        try:
            if is_boxed:
                key = serialization.load_der_private_key(_opened(_body(pem), password), None)
            else:
                key = serialization.load_pem_private_key(pem, password or None)
        except TypeError as error:  # a password is missing, or there is nothing that it opens
            if password:
                return cls.from_pem(pem, None)
            raise WrongPassword("the private key is encrypted, and there is no password") from error
        except BadKey:
            raise
        except (ValueError, UnsupportedAlgorithm) as error:
            if b"ENCRYPTED" in pem and not is_boxed and password:
                raise WrongPassword("the password does not open the private key") from error
            raise BadKey("this is no private key in PEM form") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadKey("the private key is of another kind than ECDSA on P-256")
        return cls(key)

    def to_pem(self, password: bytes) -> bytes:
        """cosign's encrypted form; an empty password is one as well."""
        der = self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        text = base64.encodebytes(_boxed(der, password)).replace(b"\n", b"")
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        label = _LABELS[0]
        return b"\n".join([b"-----BEGIN " + label + b"-----", *lines, b"-----END " + label + b"-----", b""])

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.key.public_key())

    def sign(self, data: bytes) -> bytes:
        """The signature in DER, over the SHA-256 of `data`."""
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


def _body(pem: bytes) -> Any:
    lines = [line.strip() for line in pem.splitlines() if line.strip() and b":" not in line]
    begin = next(number for number, line in enumerate(lines) if line.startswith(b"-----BEGIN "))
    try:
        end = next(number for number, line in enumerate(lines) if line.startswith(b"-----END "))
        return json.loads(base64.b64decode(b"".join(lines[begin + 1 : end]), validate=True))
    except (StopIteration, ValueError, RecursionError) as error:
        raise BadKey("the encrypted private key is damaged") from error


def _boxed(data: bytes, password: bytes) -> bytes:
    from nacl.secret import SecretBox

    salt = os.urandom(32)
    box = SecretBox(_derived(password, salt, _SCRYPT))
    nonce = os.urandom(SecretBox.NONCE_SIZE)
    document = {
        "kdf": {"name": "scrypt", "params": _SCRYPT, "salt": base64.b64encode(salt).decode()},
        "cipher": {"name": "nacl/secretbox", "nonce": base64.b64encode(nonce).decode()},
        "ciphertext": base64.b64encode(box.encrypt(data, nonce).ciphertext).decode(),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _opened(document: Any, password: bytes | None) -> bytes:
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    if password is None:
        raise WrongPassword("the private key is encrypted, and there is no password")
    try:
        kdf, cipher = document["kdf"], document["cipher"]
        if (kdf["name"], cipher["name"]) != ("scrypt", "nacl/secretbox"):
            raise BadKey(f"the private key is encrypted in an unknown way: {kdf['name']}, {cipher['name']}")
        salt, nonce, data = (
            base64.b64decode(text, validate=True)
            for text in (kdf["salt"], cipher["nonce"], document["ciphertext"])
        )
        box = SecretBox(_derived(password, salt, kdf["params"]))
        return box.decrypt(data, nonce)
    except BadKey:
        raise
    except CryptoError as error:
        raise WrongPassword("the password does not open the private key") from error
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise BadKey("the encrypted private key is damaged") from error


def _derived(password: bytes, salt: bytes, params: Any) -> bytes:
    n, r, p = params["N"], params["r"], params["p"]
    if not all(isinstance(one, int) and one > 0 for one in (n, r, p)) or 128 * n * r > _MEMORY or p > 16:
        raise BadKey("the private key asks for more work than any program writes")
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=2 * _MEMORY, dklen=32)

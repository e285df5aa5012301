"""Keys as cosign and openssl write them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from leoflow_runtime.oci.keys import BadKey, PrivateKey, PublicKey, WrongPassword

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def openssl(*arguments: str | Path, data: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def pem() -> bytes:
    return openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")


def test_openssl_verifies_what_is_signed(pem: bytes, tmp_path: Path) -> None:
    key = PrivateKey.from_pem(pem)
    (tmp_path / "public").write_bytes(key.public.to_pem())
    (tmp_path / "signature").write_bytes(key.sign(b"the data"))
    arguments = ["dgst", "-sha256", "-verify", tmp_path / "public", "-signature", tmp_path / "signature"]
    assert openssl(*arguments, data=b"the data") == b"Verified OK\n"


def test_verifies_what_openssl_signed(pem: bytes, tmp_path: Path) -> None:
    (tmp_path / "private").write_bytes(pem)
    signature = openssl("dgst", "-sha256", "-sign", tmp_path / "private", data=b"the data")
    public = PublicKey.from_pem(openssl("ec", "-pubout", data=pem))
    assert public.verifies(signature, b"the data")
    assert not public.verifies(signature, b"other data")
    assert not public.verifies(b"no signature", b"the data")
    assert not PrivateKey.new().public.verifies(signature, b"the data")


def test_the_fingerprint_is_that_of_the_der_form(pem: bytes) -> None:
    der = openssl("ec", "-pubout", "-outform", "DER", data=pem)
    digest = openssl("dgst", "-sha256", "-r", data=der).split()[0].decode()
    assert PrivateKey.from_pem(pem).public.fingerprint == f"sha256:{digest}"


def test_pkcs8_with_a_password_of_openssl(pem: bytes) -> None:
    boxed = openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:open sesame", data=pem)
    same = PrivateKey.from_pem(pem).public
    assert PrivateKey.from_pem(boxed, b"open sesame").public.to_pem() == same.to_pem()
    with pytest.raises(WrongPassword, match="does not open"):
        PrivateKey.from_pem(boxed, b"no")
    with pytest.raises(WrongPassword, match="there is no password"):
        PrivateKey.from_pem(boxed)


def test_a_password_that_is_not_needed_is_not_looked_at(pem: bytes) -> None:
    assert PrivateKey.from_pem(pem, b"from the environment").public


@pytest.mark.parametrize("password", [b"", b"open sesame"])
def test_the_encrypted_form_comes_back(password: bytes) -> None:
    key = PrivateKey.new()
    boxed = key.to_pem(password)
    assert boxed.startswith(b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    assert PrivateKey.from_pem(boxed, password).public.to_pem() == key.public.to_pem()
    with pytest.raises(WrongPassword, match="does not open"):
        PrivateKey.from_pem(boxed, b"no")
    with pytest.raises(WrongPassword, match="there is no password"):
        PrivateKey.from_pem(boxed)


BAD = {
    "nothing": (b"", "no private key in PEM form"),
    "text": (b"hello\n", "no private key in PEM form"),
    "box without end": (b"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\ne30=\n", "is damaged"),
    "empty box": (
        b"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\ne30=\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n",
        "is damaged",
    ),
    "list in the box": (
        b"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nW10=\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n",
        "is damaged",
    ),
}


@pytest.mark.parametrize(("pem", "sentence"), BAD.values(), ids=BAD)
def test_what_is_no_private_key(pem: bytes, sentence: str) -> None:
    with pytest.raises(BadKey, match=sentence):
        PrivateKey.from_pem(pem, b"password")


def test_keys_of_other_kinds_are_refused_by_name() -> None:
    rsa = openssl("genrsa", "2048")
    with pytest.raises(BadKey, match="another kind than ECDSA on P-256"):
        PrivateKey.from_pem(rsa)
    with pytest.raises(BadKey, match="another kind than ECDSA on P-256"):
        PublicKey.from_pem(openssl("rsa", "-pubout", data=rsa))


def test_a_key_that_asks_for_all_the_memory_is_refused() -> None:
    import base64
    import json

    body = {
        "kdf": {"name": "scrypt", "params": {"N": 1 << 30, "r": 8, "p": 1}, "salt": "c2FsdA=="},
        "cipher": {"name": "nacl/secretbox", "nonce": "AAAA"},
        "ciphertext": "AAAA",
    }
    text = base64.b64encode(json.dumps(body).encode())
    label = b"ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
    with pytest.raises(BadKey, match="more work than any program"):
        PrivateKey.from_pem(b"-----BEGIN " + label + text + b"\n-----END " + label, b"password")


def test_a_private_key_shows_nothing_of_itself(pem: bytes) -> None:
    assert "PRIVATE" not in repr(PrivateKey.from_pem(pem))

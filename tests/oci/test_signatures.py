"""Signatures in a real registry; skopeo, which knows cosign's format, carries them to another repository."""

from __future__ import annotations

import base64
import gzip
import io
import json
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from leoflow_runtime.oci.errors import NotFound
from leoflow_runtime.oci.keys import PrivateKey
from leoflow_runtime.oci.records import (
    CONFIG,
    LAYER_GZIP,
    MANIFEST,
    Descriptor,
    canonical_json,
    digest_of,
)
from leoflow_runtime.oci.registry import Registry
from leoflow_runtime.oci.signatures import (
    PAYLOAD,
    SIGNATURE,
    NotSigned,
    payload,
    sign,
    signature_tag,
    signatures,
    verify_signature,
)
from tests.registry_server import RegistryServer

KEY, OTHER = PrivateKey.new(), PrivateKey.new()


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image with one file, in a repository of its own."""

    registry: Registry
    repository: str
    digest: str

    def sign(self, key: PrivateKey = KEY, **annotations: str) -> bool:
        return sign(self.registry, self.repository, self.digest, key, annotations=annotations)

    def verify(self, *keys: PrivateKey) -> str:
        trusted = [key.public for key in keys]
        return verify_signature(self.registry, self.repository, self.digest, trusted).key

    def store(self, signed: bytes, signature: bytes, media_type: str = PAYLOAD) -> None:
        """Whatever somebody puts under the tag of the signatures."""
        self.registry.push_bytes(self.repository, signed)
        text = base64.b64encode(signature).decode()
        layer = Descriptor.of(signed, media_type, annotations={SIGNATURE: text})
        data = canonical_json({"schemaVersion": 2, "mediaType": MANIFEST, **_layers(self, [layer])})
        self.registry.put_manifest(self.repository, signature_tag(self.digest), data, MANIFEST)


def _layers(pushed: Pushed, layers: list[Descriptor]) -> dict[str, object]:
    pushed.registry.push_bytes(pushed.repository, b"{}")
    return {
        "config": Descriptor.of(b"{}", CONFIG).to_json(),
        "layers": [layer.to_json() for layer in layers],
    }


@pytest.fixture
def image(server: RegistryServer) -> Iterator[Pushed]:
    repository = f"dags/{uuid.uuid4().hex[:8]}"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("hello"))
    layer = gzip.compress(archive.getvalue(), mtime=0)
    config = canonical_json(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest_of(archive.getvalue())]},
        }
    )
    manifest = canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": Descriptor.of(config, CONFIG).to_json(),
            "layers": [Descriptor.of(layer, LAYER_GZIP).to_json()],
        }
    )
    with Registry(server.host) as registry:
        registry.push_bytes(repository, layer)
        registry.push_bytes(repository, config)
        digest = registry.put_manifest(repository, "v1", manifest, MANIFEST).digest
        yield Pushed(registry, repository, digest)


def test_what_one_key_signs_it_verifies(image: Pushed) -> None:
    assert image.sign(KEY, built_by="ci")
    found = verify_signature(image.registry, image.repository, image.digest, [KEY.public])
    assert found.key == KEY.public.fingerprint
    assert found.identity == f"{image.registry.host}/{image.repository}"
    assert found.annotations == {"built_by": "ci"}


def test_signing_again_changes_nothing(image: Pushed) -> None:
    assert image.sign()
    assert not image.sign()
    assert len(signatures(image.registry, image.repository, image.digest)) == 1


def test_several_keys_sign_one_digest(image: Pushed) -> None:
    image.sign(KEY)
    image.sign(OTHER)
    assert image.verify(KEY) == KEY.public.fingerprint
    assert image.verify(OTHER) == OTHER.public.fingerprint


def test_the_fixed_format_of_the_payload() -> None:
    """cosign's own example, `specs/SIGNATURE_SPEC.md`, with our digest."""
    digest = "sha256:" + "0" * 64
    assert payload("registry.example/app", digest) == (
        b'{"critical":{"identity":{"docker-reference":"registry.example/app"},'
        b'"image":{"docker-manifest-digest":"' + digest.encode() + b'"},'
        b'"type":"cosign container image signature"},"optional":null}'
    )


def test_what_is_not_there_cannot_be_signed(image: Pushed) -> None:
    with pytest.raises(NotFound, match="there is no dags/"):
        sign(image.registry, image.repository, "sha256:" + "0" * 64, KEY)


def test_without_a_signature(image: Pushed) -> None:
    with pytest.raises(NotSigned, match="is not signed"):
        image.verify(KEY)


def test_a_signature_by_somebody_else(image: Pushed) -> None:
    image.sign(OTHER)
    with pytest.raises(NotSigned, match="not by the key that is trusted"):
        image.verify(KEY)


def test_no_key_trusts_nobody(image: Pushed) -> None:
    image.sign(KEY)
    with pytest.raises(NotSigned, match="not by any key"):
        image.verify()


def test_a_signature_of_another_digest_put_under_this_ones_tag(image: Pushed) -> None:
    elsewhere = payload("dags/other", "sha256:" + "0" * 64)
    image.store(elsewhere, KEY.sign(elsewhere))
    with pytest.raises(NotSigned):
        image.verify(KEY)


def test_a_payload_that_was_changed_after_signing(image: Pushed) -> None:
    signed = payload("dags/other", "sha256:" + "0" * 64)
    image.store(payload("dags/other", image.digest), KEY.sign(signed))
    with pytest.raises(NotSigned):
        image.verify(KEY)


def test_a_signature_of_something_that_is_no_statement_about_images(image: Pushed) -> None:
    signed = payload("dags/other", image.digest).replace(b"container image", b"blob")
    image.store(signed, KEY.sign(signed))
    with pytest.raises(NotSigned):
        image.verify(KEY)


@pytest.mark.parametrize("signed", [b"[]", b"null", b"{", b"[" * 5000, b'{"critical": 1}', b"\xff"])
def test_payloads_that_make_no_sense(image: Pushed, signed: bytes) -> None:
    image.store(signed, KEY.sign(signed))
    with pytest.raises(NotSigned):
        image.verify(KEY)


def test_layers_of_other_kinds_are_passed_over(image: Pushed) -> None:
    image.store(payload("x", image.digest), b"", media_type="application/octet-stream")
    with pytest.raises(NotSigned, match="is not signed"):
        image.verify(KEY)


# skopeo reads and writes signatures beside images in an implementation of its own. Debian's neither makes nor
# checks them ("sigstore disabled"); openssl checks keys and signatures in test_keys.py.


@dataclass(frozen=True, slots=True)
class Skopeo:
    folder: Path

    def copy(self, *arguments: str) -> None:
        hosts = self.folder / "registries.d"
        hosts.mkdir(exist_ok=True)
        (hosts / "all.yaml").write_text("default-docker: {use-sigstore-attachments: true}\n")
        policy = self.folder / "policy.json"
        policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        done = subprocess.run(
            [
                "skopeo",
                f"--registries.d={hosts}",
                f"--policy={policy}",
                "copy",
                "--src-tls-verify=false",
                "--dest-tls-verify=false",
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def skopeo(tmp_path: Path) -> Skopeo:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    return Skopeo(tmp_path)


def test_skopeo_takes_our_signatures_along(image: Pushed, skopeo: Skopeo) -> None:
    image.sign(KEY)
    image.sign(OTHER)
    host, other = image.registry.host, f"{image.repository}-copy"
    skopeo.copy(f"docker://{host}/{image.repository}@{image.digest}", f"docker://{host}/{other}:v1")
    copied = Pushed(image.registry, other, image.digest)
    assert copied.verify(KEY) == KEY.public.fingerprint
    assert copied.verify(OTHER) == OTHER.public.fingerprint

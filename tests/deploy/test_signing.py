"""Deploy, sign, verify, rebuild: the commands as people type them."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from leoflow_runtime.oci.keys import PrivateKey
from tests.deploy.conftest import Place, new_place
from tests.registry_server import RegistryServer

PARTS = ["artifact", "image", "provenance", "sbom"]
PASSWORD = {"LEOFLOW_KEY_PASSWORD": "open sesame"}


@dataclass(frozen=True, slots=True)
class Deployed:
    place: Place
    folder: Path
    artifact: str
    image: str


@pytest.fixture(scope="module")
def deployed(
    registry: RegistryServer, server: str, layers: Path, login: Path, tmp_path_factory: pytest.TempPathFactory
) -> Deployed:
    place = new_place(tmp_path_factory.mktemp("signing"), registry.host, server, layers, login)
    folder = place.project(f"sales_{uuid.uuid4().hex[:8]}")
    answer = place.leoflow("deploy", folder.name, "--json").answer
    for name in ("one", "other"):
        key = PrivateKey.new()
        (place.folder / f"{name}.key").write_bytes(key.to_pem(b"open sesame"))
        (place.folder / f"{name}.pub").write_bytes(key.public.to_pem())
    return Deployed(place, folder, answer["artifact"], answer["image"])


def test_sign_and_verify(deployed: Deployed) -> None:
    place = deployed.place
    unsigned = place.leoflow("verify", deployed.artifact, "--key", "one.pub", check=False)
    assert (unsigned.status, "signed" in unsigned.err) == (1, True)

    signing = ["sign", deployed.artifact, "--key", "one.key", "-a", "built_by=ci"]
    first = place.leoflow(*signing, "--json", **PASSWORD).answer
    assert [(one["part"], one["new"]) for one in first["signed"]] == [(part, True) for part in PARTS]
    again = place.leoflow(*signing, "--json", **PASSWORD).answer
    assert [one["new"] for one in again["signed"]] == [False] * 4

    found = place.leoflow("verify", deployed.artifact, "--key", "one.pub", "--json").answer
    assert [(one["part"], one["key"]) for one in found["signed"]] == [(part, first["key"]) for part in PARTS]
    assert found["signed"][0]["annotations"] == {"built_by": "ci"}
    kinds = [one["type"] for one in found["documents"]]
    assert kinds == ["application/vnd.cyclonedx+json", "application/vnd.in-toto+json"]
    assert place.leoflow("verify", deployed.image, "--key", "one.pub").out.startswith("image ")

    other = place.leoflow("verify", deployed.artifact, "--key", "other.pub", check=False)
    assert (other.status, "not by the key that is trusted" in other.err) == (1, True)
    both = place.leoflow("verify", deployed.artifact, "--key", "other.pub", "--key", "one.pub")
    assert first["key"] in both.out


def test_the_source_gives_the_same_bytes_or_what_differs_is_named(deployed: Deployed) -> None:
    place, name = deployed.place, deployed.folder.name
    same = place.leoflow(
        "verify", deployed.artifact, "--rebuild", "--project", name, LANG="C", TZ="Asia/Tokyo"
    )
    assert "rebuilt from source: the same bytes" in same.out
    with (deployed.folder / "dag.py").open("a") as file:
        file.write("# later\n")
    changed = place.leoflow("verify", deployed.artifact, "--rebuild", "--project", name, check=False)
    assert changed.status == 1
    assert "the project compiles to another dag.json" in changed.err
    assert "layer code is another one" in changed.err
    assert "layer agent" not in changed.err


@pytest.mark.parametrize(
    ("arguments", "environ", "status", "told"),
    [
        (["verify", "{artifact}"], {}, 2, "add --key, --rebuild or both"),
        (["verify", "{artifact}", "--key", "no.pub"], {}, 1, "no.pub: No such file"),
        (["verify", "{artifact}", "--key", "one.key"], {}, 1, "one.key: this is no public key"),
        (["verify", "{artifact}", "--key", "env://NO_KEY"], {}, 1, "there is no variable NO_KEY"),
        (["sign", "{artifact}", "--key", "one.pub"], {}, 1, "one.pub: this is no private key"),
        (["sign", "{artifact}", "--key", "one.key"], {}, 1, "hint: set LEOFLOW_KEY_PASSWORD"),
        (["sign", "{artifact}", "--key", "one.key"], {"COSIGN_PASSWORD": "no"}, 1, "does not open"),
        (["sign", "{artifact}", "--key", "one.key", "-a", "x"], PASSWORD, 2, "write NAME=VALUE"),
        (["sign", "{artifact}0", "--key", "one.key"], PASSWORD, 1, "has no valid digest"),
    ],
)
def test_mistakes_get_a_sentence(
    deployed: Deployed, arguments: list[str], environ: dict[str, str], status: int, told: str
) -> None:
    filled = [one.format(artifact=deployed.artifact) for one in arguments]
    done = deployed.place.leoflow(*filled, check=False, **environ)
    assert (done.status, told in done.err) == (status, True), done.err
    assert "open sesame" not in done.err


def test_the_key_may_come_from_the_environment_and_from_openssl(deployed: Deployed) -> None:
    command = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"]
    private = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    deployed.place.leoflow("sign", deployed.artifact, "--key", "env://SIGNING_KEY", SIGNING_KEY=private)
    public = PrivateKey.from_pem(private.encode()).public.to_pem().decode()
    deployed.place.leoflow("verify", deployed.artifact, "--key", "env://TRUSTED", TRUSTED=public)

"""`leoflow deploy --sign-key`: what it sends is signed before a server is told of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from leoflow_compiler.image import sbom
from leoflow_compiler.image.attachments import attach
from leoflow_runtime.oci.keys import PrivateKey
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from tests.deploy.conftest import Place, log_in, running_server
from tests.leoflow_command import Done
from tests.registry_server import RegistryServer

PASSWORD = "open sesame"
PARTS = ["artifact", "image", "sbom", "provenance"]


@dataclass(frozen=True, slots=True)
class Keys:
    private: Path
    public: Path
    fingerprint: str


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder, key = tmp_path_factory.mktemp("keys"), PrivateKey.new()
    (folder / "ci.key").write_bytes(key.to_pem(PASSWORD.encode()))
    (folder / "ci.pub").write_bytes(key.public.to_pem())
    return Keys(folder / "ci.key", folder / "ci.pub", key.public.fingerprint)


@pytest.fixture(scope="module")
def strict(registry: RegistryServer, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that takes nothing unsigned."""
    settings = {
        "LEOFLOW_REGISTRIES": registry.host,
        "LEOFLOW_REQUIRE_SIGNATURE": "true",
        "LEOFLOW_SIGNATURE_KEYS": str(keys.public),
    }
    with running_server(tmp_path_factory.mktemp("strict") / "home", **settings) as url:
        yield url


@pytest.fixture
def name() -> str:
    return f"signed_{uuid.uuid4().hex[:8]}"


def with_key(place: Place, keys: Keys, *arguments: str, check: bool = True, **environ: str) -> Done:
    done = place.leoflow(
        *arguments, "--sign-key", str(keys.private), check=check, LEOFLOW_KEY_PASSWORD=PASSWORD, **environ
    )
    assert PASSWORD not in done.out + done.err
    return done


def test_a_server_that_wants_signatures_takes_what_is_signed_on_the_way(
    place: Place, strict: str, keys: Keys, name: str
) -> None:
    log_in(place, strict)
    there = {"LEOFLOW_SERVER_URL": strict}
    place.project(name)
    refused = place.leoflow("deploy", name, check=False, **there)
    assert refused.status == 1
    assert "this server takes signed artifacts only" in refused.err
    assert "hint: sign it while it is deployed: --sign-key FILE" in refused.err

    first = with_key(place, keys, "deploy", name, "--json", **there).answer
    assert [(one["part"], one["new"]) for one in first["signed"]] == [(part, True) for part in PARTS]
    assert (first["version_number"], first["created"]) == (1, True)
    (version,) = place.leoflow("versions", name, "--json", **there).answer
    assert (version["via"], version["reference"]) == ("reference", first["artifact"])

    again = with_key(place, keys, "deploy", name, "--json", **there).answer
    assert [one["new"] for one in again["signed"]] == [False] * 4
    assert (again["version_number"], again["created"]) == (1, False)

    verified = place.leoflow("verify", first["artifact"], "--key", str(keys.public), "--json").answer
    assert sorted(one["part"] for one in verified["signed"]) == sorted(PARTS)
    assert {one["key"] for one in verified["signed"]} == {keys.fingerprint}


def test_a_document_that_somebody_adds_is_not_covered(place: Place, keys: Keys, name: str) -> None:
    place.project(name)
    deployed = with_key(place, keys, "deploy", name, "--json").answer
    image = Reference.parse(deployed["image"])
    with Registry(image.registry) as registry:
        subject = registry.head_manifest(image.repository, image.version)
        assert subject is not None
        forged = attach(registry, image.repository, subject, {"components": []}, sbom.MEDIA_TYPE, "sbom")
    done = place.leoflow("verify", deployed["artifact"], "--key", str(keys.public), check=False)
    assert (done.status, f"{forged.digest} is not signed" in done.err) == (1, True), done.err
    # Who deploys signs what he made, not what he finds.
    again = with_key(place, keys, "deploy", name, "--json").answer
    assert forged.digest not in json.dumps(again["signed"])


def test_a_server_that_pulls_nothing_gets_the_document(place: Place, keys: Keys, name: str) -> None:
    place.project(name)
    done = with_key(place, keys, "deploy", name)
    assert "  signed artifact, image, sbom, provenance\n" in done.out
    (version,) = place.leoflow("versions", name, "--json").answer
    assert version["via"] == "push"


def test_a_plan_names_the_key_that_it_is_carried_out_with(place: Place, keys: Keys, name: str) -> None:
    place.project(name)
    planned = with_key(place, keys, "deploy", name, "--plan", "the.plan")
    assert f"to be signed with the key {keys.fingerprint}" in planned.err
    assert PASSWORD not in (place.folder / "the.plan").read_text()
    without = place.leoflow("deploy", "--apply", "the.plan", check=False)
    assert without.status == 1
    assert f"the plan is to be signed with the key {keys.fingerprint}" in without.err
    applied = place.leoflow(
        *("deploy", "--apply", "the.plan", "--json"),
        LEOFLOW_SIGNING_KEY=keys.private.read_text(),
        LEOFLOW_KEY_PASSWORD=PASSWORD,
    ).answer
    assert [one["part"] for one in applied["signed"]] == PARTS


def test_a_plan_without_a_key_may_be_signed_by_whoever_carries_it_out(
    place: Place, keys: Keys, name: str
) -> None:
    place.project(name)
    place.leoflow("deploy", name, "--plan", "the.plan")
    applied = with_key(place, keys, "deploy", "--apply", "the.plan", "--json").answer
    assert [one["part"] for one in applied["signed"]] == PARTS


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"LEOFLOW_SIGNING_KEY": "no.key"}, "error: LEOFLOW_SIGNING_KEY: No such file or directory\n"),
        ({"LEOFLOW_SIGNING_KEY": "env://NO_KEY"}, "error: there is no variable NO_KEY with a key\n"),
        ({"LEOFLOW_SIGNING_KEY": "-----BEGIN hunter2"}, "error: LEOFLOW_SIGNING_KEY: this is no private key"),
    ],
)
def test_a_key_that_cannot_be_used_stops_it_before_anything_is_built(
    place: Place, name: str, environ: dict[str, str], told: str
) -> None:
    folder = place.project(name)
    done = place.leoflow("deploy", name, check=False, **environ)
    assert (done.status, told in done.err) == (1, True), done.err
    assert "hunter2" not in done.err
    assert not (folder / "leoflow.lock").exists()

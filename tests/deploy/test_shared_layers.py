"""A machine that has built nothing yet takes the layers of a lock from the registry that has them."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from leoflow_compiler.image.shared_cache import ENTRY
from leoflow_runtime.oci.keys import PrivateKey
from leoflow_runtime.oci.records import MANIFEST, canonical_json
from leoflow_runtime.oci.registry import Registry
from tests.deploy.conftest import Place

REQUESTS = "dependencies: [requests]\n"
PASSWORD = {"LEOFLOW_KEY_PASSWORD": ""}


@dataclass(frozen=True, slots=True)
class Machine:
    """One with a home of its own, where uv has nothing to install from."""

    place: Place
    home: Path

    def leoflow(self, *arguments: str, **environ: str) -> Any:
        settings = {
            "LEOFLOW_CACHE_DIR": str(self.home / "layers"),
            "UV_CACHE_DIR": str(self.home / "uv"),
            "UV_OFFLINE": "1",
            **environ,
        }
        return self.place.leoflow(*arguments, "--json", check=False, **settings)


@pytest.fixture
def fresh(place: Place, tmp_path: Path) -> Machine:
    return Machine(place, tmp_path / "fresh")


@pytest.fixture
def name() -> str:
    return f"shared_{uuid.uuid4().hex[:8]}"


def entries(place: Place, repository: str) -> dict[str, dict[str, Any]]:
    with Registry(place.registry) as registry:
        found = {tag: registry.get_manifest(repository, tag)[1] for tag in registry.tags(repository)}
    read = {tag: json.loads(data) for tag, data in found.items()}
    return {tag: one for tag, one in read.items() if one.get("artifactType") == ENTRY}


def test_a_fresh_machine_installs_and_sends_nothing_of_the_dependencies(
    place: Place, fresh: Machine, name: str
) -> None:
    place.project(name, more=REQUESTS)
    first = place.leoflow("deploy", name, "--json").answer
    kinds = sorted(tag.partition("-")[0] for tag in entries(place, f"dags/{name}"))
    assert kinds == ["agent", "dependencies"]

    place.project(name, value=2, more=REQUESTS)
    done = fresh.leoflow("deploy", name, "--frozen")
    assert done.status == 0, done.err
    assert done.answer["version_number"] == 2
    assert done.answer["sent_bytes"] < 100_000  # its code, and the documents about the image
    assert not {"install", "agent", "bytecode", "pack"} & done.answer["seconds"].keys()

    shutil.rmtree(fresh.home)
    place.project(name, value=1, more=REQUESTS)
    again = fresh.leoflow("build", name, "--push", "--frozen").answer
    assert again["image"] == first["image"]
    assert again["sent_bytes"] == 0


def test_without_an_entry_a_fresh_machine_would_have_to_install(
    place: Place, fresh: Machine, name: str
) -> None:
    place.project(name, more=REQUESTS)
    place.leoflow("lock", name)
    done = fresh.leoflow("build", name, "--push", "--frozen")
    assert (done.status, "the locked packages cannot be installed" in done.err) == (1, True), done.err


def test_a_repository_of_its_own_serves_all_images_by_mounting(
    place: Place, fresh: Machine, name: str
) -> None:
    # `registry` is the last section of the file.
    kept = f"  cache: {place.registry}/dags/{name}-layers\n"
    place.project(name, more=kept + REQUESTS)
    place.leoflow("build", name, "--push")
    assert entries(place, f"dags/{name}") == {}
    assert len(entries(place, f"dags/{name}-layers")) == 2

    other = place.project(f"{name}_too", more=kept + REQUESTS)
    shutil.copy(place.folder / name / "leoflow.lock", other)
    done = fresh.leoflow("build", other.name, "--push", "--frozen")
    assert done.status == 0, done.err
    assert done.answer["sent_bytes"] < 10_000


def test_none_keeps_nothing(place: Place, name: str) -> None:
    place.project(name, more="  cache: none\n")
    place.leoflow("build", name, "--push")
    assert entries(place, f"dags/{name}") == {}


def poison(place: Place, repository: str, change: dict[str, Any]) -> None:
    """Writes over every entry, as somebody who may push could."""
    with Registry(place.registry) as registry:
        for tag, entry in entries(place, repository).items():
            forged = {key: value for key, value in {**entry, **change}.items() if value is not None}
            registry.put_manifest(repository, tag, canonical_json(forged), MANIFEST)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"annotations": {}}, "it is of another layer"),
        ({"artifactType": None}, "it is something else"),
        ({"layers": []}, "it does not name one layer"),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_and_the_layer_is_built(
    place: Place, name: str, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    place.project(name)
    first = place.leoflow("build", name, "--push", "--json").answer
    poison(place, f"dags/{name}", change)
    fresh = {"LEOFLOW_CACHE_DIR": str(tmp_path / "fresh")}
    again = place.leoflow("build", name, "--push", "--json", **fresh).answer
    assert again["digest"] == first["digest"]
    (note,) = again["notes"]
    assert note.startswith(f"the layer agent is built, because {place.registry}/dags/{name}:agent-")
    assert note.endswith(f"cannot be used: {told}")
    # and it is mended
    assert all(one["layers"] and one["annotations"] for one in entries(place, f"dags/{name}").values())


def test_an_entry_whose_bytes_are_gone_is_built_again(place: Place, name: str, tmp_path: Path) -> None:
    place.project(name, more=f"  cache: {place.registry}/dags/{name}-layers\n")
    place.leoflow("build", name, "--push")
    (entry,) = entries(place, f"dags/{name}-layers").values()
    blob = f"http://{place.registry}/v2/dags/{name}-layers/blobs/{entry['layers'][0]['digest']}"
    assert httpx.delete(blob).status_code == 202
    fresh = {"LEOFLOW_CACHE_DIR": str(tmp_path / "fresh")}
    again = place.leoflow("build", name, "--push", "--json", **fresh).answer
    assert again["notes"][0].endswith("cannot be used: its bytes are gone")


def test_whoever_signs_takes_only_what_the_same_key_has_signed(
    place: Place, fresh: Machine, name: str
) -> None:
    keys = {"mine": PrivateKey.new(), "other": PrivateKey.new()}
    for who, key in keys.items():
        (place.folder / f"{who}.key").write_bytes(key.to_pem(b""))
    place.project(name)
    place.leoflow("deploy", name)
    refused = fresh.leoflow("deploy", name, "--frozen", "--sign-key", "mine.key", **PASSWORD)
    assert refused.status == 1, "an unsigned entry is not used, and nothing can be installed here"
    assert "the locked packages cannot be installed" in refused.err

    place.leoflow("deploy", name, "--sign-key", "mine.key", **PASSWORD)
    other = replace(fresh, home=fresh.home / "other")
    refused = other.leoflow("deploy", name, "--frozen", "--sign-key", "other.key", **PASSWORD)
    assert refused.status == 1
    taken = fresh.leoflow("deploy", name, "--frozen", "--sign-key", "mine.key", **PASSWORD)
    assert taken.status == 0, taken.err

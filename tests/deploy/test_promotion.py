"""From a laptop through staging to production: built once, promoted by digest, followed by tag."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest

from tests.deploy.conftest import Place, running_server
from tests.registry_server import RegistryServer

DEADLINE = 30.0


@pytest.fixture(scope="module")
def production(registry: RegistryServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that may pull from the registry."""
    home = tmp_path_factory.mktemp("production") / "home"
    with running_server(home, LEOFLOW_REGISTRIES=registry.host, LEOFLOW_CHANNEL_SECONDS="0.2") as url:
        yield url


def token(server: str) -> str:
    request = urllib.request.Request(
        f"{server}/auth/token",
        data=json.dumps({"username": "admin", "password": "correct horse"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        return str(json.load(answer)["access_token"])


def test_moving_a_tag_deploys_what_staging_runs_and_moving_it_back_goes_back(
    place: Place, production: str
) -> None:
    there = {"LEOFLOW_SERVER_URL": production, "LEOFLOW_TOKEN": token(production)}

    def until_image(wanted: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while True:
            listed = place.leoflow("versions", "carried", "--json", **there).answer
            current = next(one for one in listed if one["is_current"])
            if current["image"] == wanted:
                return
            assert time.monotonic() < deadline, listed
            time.sleep(0.1)

    place.project("carried", value=1)
    first = place.leoflow("deploy", "carried", "--json").answer
    place.leoflow("promote", "carried", "--to", ":prod")
    repository = first["artifact"].partition("@")[0]
    place.leoflow("channels", "add", "carried", f"oci://{repository}:prod", **there)
    until_image(first["image"])

    place.project("carried", value=2)
    second = place.leoflow("deploy", "carried", "--json").answer
    listed = place.leoflow("versions", "carried", "--json", **there).answer
    assert len(listed) == 1, "staging's deployments are not production's"
    promoted = place.leoflow("promote", "carried", "--to", ":prod", "--json").answer
    assert promoted["reference"] == second["artifact"]
    until_image(second["image"])

    place.leoflow("promote", "carried", "--version", "1", "--to", ":prod")
    until_image(first["image"])
    here = place.leoflow("versions", "carried", "--json").answer
    listed = place.leoflow("versions", "carried", "--json", **there).answer
    assert [one["document_digest"] for one in listed] == [one["document_digest"] for one in here]


def test_a_version_that_was_never_in_a_registry_cannot_move_a_tag(place: Place) -> None:
    place.project("pushed")
    place.leoflow("push", "pushed")
    done = place.leoflow("promote", "pushed", "--to", ":prod", check=False)
    assert (done.status, "was not deployed to a registry" in done.err) == (1, True), done.err

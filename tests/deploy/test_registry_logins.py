"""`registry.auth_method: env`, as CI uses it: the login of one registry, for that registry alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import Place
from tests.registry_server import PASSWORD, USER, RegistryServer, registry_server

LOGIN = {"LEOFLOW_REGISTRY_USERNAME": USER, "LEOFLOW_REGISTRY_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry_server(tmp_path_factory.mktemp("locked"), with_login=True) as running:
        yield running


@pytest.fixture
def name(place: Place, locked: RegistryServer) -> str:
    """A project whose base lies in an open registry and whose image goes to the locked one."""
    name = f"locked_{uuid.uuid4().hex[:8]}"
    settings: Path = place.project(name) / "leoflow.yaml"
    text = settings.read_text().replace(f"url: {place.registry}/dags", f"url: {locked.host}/dags")
    settings.write_text(text + "  auth_method: env\n")
    return name


def test_variables_log_in(place: Place, locked: RegistryServer, name: str) -> None:
    deployed = place.leoflow("deploy", name, "--json", **LOGIN)
    assert deployed.answer["image"].startswith(f"{locked.host}/dags/{name}@sha256:")
    assert deployed.answer["notes"] == []
    assert PASSWORD not in deployed.out + deployed.err
    again = place.leoflow("deploy", name, "--json", **LOGIN).answer
    assert again["sent_bytes"] == 0


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            {},
            "`registry.auth_method: env` needs LEOFLOW_REGISTRY_USERNAME and LEOFLOW_REGISTRY_PASSWORD",
        ),
        ({**LOGIN, "LEOFLOW_REGISTRY_PASSWORD": "hunter2"}, "does not accept the login that there is for it"),
    ],
)
def test_what_is_wrong_is_one_sentence(place: Place, name: str, environ: dict[str, str], told: str) -> None:
    done = place.leoflow("build", name, "--push", check=False, **environ)
    assert (done.status, told in done.err) == (1, True), done.err
    assert "hunter2" not in done.err

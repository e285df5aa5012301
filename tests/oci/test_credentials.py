"""Who we are to a registry: the environment, Docker's file, and helpers."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.oci.credentials import Credentials, CredentialsError, credentials_for

HOST = "registry.example.com"


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    return {"HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


def docker(environ: dict[str, str], config: Any) -> None:
    folder = Path(environ["HOME"]) / ".docker"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))


def helper(environ: dict[str, str], name: str, script: str) -> None:
    file = Path(environ["HOME"]) / "bin" / f"docker-credential-{name}"
    file.write_text(f"#!/bin/sh\nread server\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_nothing_is_configured(environ: dict[str, str]) -> None:
    assert credentials_for(HOST, environ) is None
    assert credentials_for(HOST, {}) is None


def test_the_environment_wins(environ: dict[str, str]) -> None:
    docker(environ, {"auths": {HOST: auth("from:docker")}})
    named = {**environ, "LEOFLOW_REGISTRY_USERNAME": "ci", "LEOFLOW_REGISTRY_PASSWORD": "word"}
    assert credentials_for(HOST, named) == Credentials("ci", "word")
    assert credentials_for(HOST, {**named, "LEOFLOW_REGISTRY_TOKEN": "t"}) == Credentials(None, "t")
    with pytest.raises(CredentialsError, match="LEOFLOW_REGISTRY_USERNAME"):
        credentials_for(HOST, environ, method="env")


def test_a_login_in_the_environment_is_for_one_registry(environ: dict[str, str]) -> None:
    named = {**environ, "LEOFLOW_REGISTRY_USERNAME": "ci", "LEOFLOW_REGISTRY_PASSWORD": "word"}
    # Where the base image comes from, nobody learns the password for the project's own registry.
    assert credentials_for("docker.io", named, own=False) is None
    assert credentials_for("docker.io", named, own=False, method="env") is None
    told = {**named, "LEOFLOW_REGISTRY_HOST": HOST}
    assert credentials_for(HOST, told, own=False) == Credentials("ci", "word")
    assert credentials_for("docker.io", told, own=True) is None


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"auths": {HOST: auth("alice:s:cret")}}, Credentials("alice", "s:cret")),
        ({"auths": {f"https://{HOST}/v1/": auth("alice:secret")}}, Credentials("alice", "secret")),
        ({"auths": {HOST: {"username": "a", "password": "b"}}}, Credentials("a", "b")),
        ({"auths": {HOST: {"identitytoken": "long"}}}, Credentials(None, "long")),
        ({"auths": {"other.example.com": auth("alice:secret")}}, None),
        ({"auths": {HOST: {}}}, None),
        ({}, None),
    ],
)
def test_dockers_file(environ: dict[str, str], config: Any, found: Credentials | None) -> None:
    docker(environ, config)
    assert credentials_for(HOST, environ) == found


def test_docker_hub_has_a_name_of_its_own(environ: dict[str, str]) -> None:
    docker(environ, {"auths": {"https://index.docker.io/v1/": auth("alice:secret")}})
    assert credentials_for("docker.io", environ) == Credentials("alice", "secret")


def test_helpers_are_asked(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", environ["PATH"])
    answer = 'printf \'{"ServerURL":"%s","Username":"bob","Secret":"kept"}\' "$server"'
    helper(environ, "vault", answer)
    docker(environ, {"credHelpers": {HOST: "vault"}})
    assert credentials_for(HOST, environ) == Credentials("bob", "kept")
    docker(environ, {"credsStore": "vault"})
    assert credentials_for(HOST, environ) == Credentials("bob", "kept")
    helper(environ, "vault", 'echo \'{"Username":"<token>","Secret":"identity"}\'')
    assert credentials_for(HOST, environ) == Credentials(None, "identity")
    helper(environ, "vault", "echo credentials not found in native keychain; exit 1")
    assert credentials_for(HOST, environ) is None


CLOUDS = {
    "1234.dkr.ecr.eu-central-1.amazonaws.com": "ecr-login",
    "1234.dkr.ecr-fips.us-gov-west-1.amazonaws.com": "ecr-login",
    "1234.dkr.ecr.cn-north-1.amazonaws.com.cn": "ecr-login",
    "public.ecr.aws": "ecr-login",
    "europe-docker.pkg.dev": "gcloud",
    "eu.gcr.io": "gcloud",
    "sales.azurecr.io": "acr-env",
}


@pytest.mark.parametrize(("registry", "cloud"), CLOUDS.items())
def test_each_cloud_has_a_helper(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, registry: str, cloud: str
) -> None:
    monkeypatch.setenv("PATH", environ["PATH"])
    helper(environ, cloud, f'test "$server" = {registry} && echo \'{{"Username":"me","Secret":"short"}}\'')
    assert credentials_for(registry, environ, method="iam") == Credentials("me", "short")


@pytest.mark.parametrize("registry", ["registry.example.com", "amazonaws.com.evil.example", "notgcr.io"])
def test_no_cloud_has_no_helper(environ: dict[str, str], registry: str) -> None:
    with pytest.raises(CredentialsError, match="knows the registries of AWS, Google and Azure"):
        credentials_for(registry, environ, method="iam")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{", "cannot be read"),
        ("[]", "is no configuration of Docker's"),
        ({"auths": {HOST: {"auth": "%%%"}}}, "log in again"),
        ({"credHelpers": {HOST: "unheard-of"}}, "docker-credential-unheard-of.* is not installed"),
        ({"credsStore": "../evil"}, "no name of a credential helper"),
    ],
)
def test_what_cannot_be_had_is_told(environ: dict[str, str], config: Any, told: str) -> None:
    docker(environ, config)
    with pytest.raises(CredentialsError, match=told):
        credentials_for(HOST, environ)


def test_a_password_is_never_shown() -> None:
    assert "s3cret" not in repr(Credentials("alice", "s3cret"))

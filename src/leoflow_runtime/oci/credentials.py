"""Who we are to a registry: the environment, Docker's configuration and its credential helpers.

Formats: docker/cli `config.json` (auths, credHelpers, credsStore), docker-credential-helpers' protocol (`get`
with the server on standard input; JSON with Username and Secret on standard output).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from leoflow_runtime.oci.reference import DOCKER_HUB

Method = Literal["docker_config", "env", "iam"]
# Where the environment may have a login, for any registry.
IN_ENVIRONMENT = ("LEOFLOW_REGISTRY_TOKEN", "LEOFLOW_REGISTRY_PASSWORD")
_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_SECONDS = 30
# The helpers of the clouds, by what their registries are called.
_CLOUDS = (
    (re.compile(r"\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$|^public\.ecr\.aws$"), "ecr-login"),
    (re.compile(r"(^|\.)gcr\.io$|-docker\.pkg\.dev$"), "gcloud"),
    (re.compile(r"\.azurecr\.(io|cn|us)$"), "acr-env"),
)


class CredentialsError(Exception):
    """Credentials are configured and cannot be had; one sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and password, or (`username` None) an identity token for the registry's token service."""

    username: str | None
    password: str = field(repr=False)


def credentials_for(
    registry: str,
    environ: Mapping[str, str],
    *,
    method: Method = "docker_config",
    own: bool = True,
    run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run,
) -> Credentials | None:
    """What there is for a registry; None: it is asked without.

    The environment wins, whatever the method: LEOFLOW_REGISTRY_USERNAME and _PASSWORD, or
    LEOFLOW_REGISTRY_TOKEN, of the registry that LEOFLOW_REGISTRY_HOST names. Without that one they are for
    the project's `own` registry: they never go where merely a base image comes from. `iam` asks the cloud's
    own helper. Raises CredentialsError.
    """
    named = environ.get("LEOFLOW_REGISTRY_HOST")
    if (registry != named) if named else not own:
        if method == "env":
            return None
        environ = {key: value for key, value in environ.items() if not key.startswith("LEOFLOW_REGISTRY_")}
    token = environ.get("LEOFLOW_REGISTRY_TOKEN")
    username, password = environ.get("LEOFLOW_REGISTRY_USERNAME"), environ.get("LEOFLOW_REGISTRY_PASSWORD")
    if token:
        return Credentials(None, token)
    if username and password:
        return Credentials(username, password)
    if method == "env":
        raise CredentialsError(
            "`registry.auth_method: env` needs LEOFLOW_REGISTRY_USERNAME and LEOFLOW_REGISTRY_PASSWORD"
        )
    if method == "iam":
        return _from_helper(_cloud_helper(registry), registry, run)
    return _from_docker(registry, environ, run)


def _cloud_helper(registry: str) -> str:
    host = re.sub(r":\d+$", "", registry)
    for pattern, helper in _CLOUDS:
        if pattern.search(host):
            return helper
    raise CredentialsError(
        f"`registry.auth_method: iam` knows the registries of AWS, Google and Azure, and {registry} is none"
    )


def _from_docker(registry: str, environ: Mapping[str, str], run: Callable[..., Any]) -> Credentials | None:
    home = environ.get("HOME")
    folder = environ.get("DOCKER_CONFIG") or (f"{home}/.docker" if home else None)
    if folder is None:
        return None
    file = Path(folder) / "config.json"
    try:
        config: Any = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CredentialsError(f"{file} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise CredentialsError(f"{file} is no configuration of Docker's")
    names = [_HUB_KEY, DOCKER_HUB, "index.docker.io"] if registry == DOCKER_HUB else [registry]
    helpers = config.get("credHelpers") or {}
    for name in names:
        if isinstance(helpers, dict) and isinstance(helpers.get(name), str):
            return _from_helper(helpers[name], name, run)
    auths = config.get("auths") or {}
    listed = [name for name in auths if _host(name) in map(_host, names)] if isinstance(auths, dict) else []
    for name in listed:
        found = _from_entry(auths[name], file, name)
        if found is not None:
            return found
    store = config.get("credsStore")
    if isinstance(store, str) and store:
        return _from_helper(store, listed[0] if listed else names[0], run)
    return None


def _from_entry(entry: Any, file: Path, name: str) -> Credentials | None:
    if not isinstance(entry, dict):
        return None
    identity = entry.get("identitytoken")
    if isinstance(identity, str) and identity:
        return Credentials(None, identity)
    username, password = entry.get("username"), entry.get("password")
    if isinstance(username, str) and isinstance(password, str) and username:
        return Credentials(username, password)
    encoded = entry.get("auth")
    if not isinstance(encoded, str) or not encoded:
        return None
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialsError(f"the entry for {name} in {file} cannot be read; log in again") from error
    return Credentials(username, password.rstrip("\0"))


def _from_helper(helper: str, registry: str, run: Callable[..., Any]) -> Credentials | None:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", helper):
        raise CredentialsError(f"{helper!r} is no name of a credential helper")
    program = f"docker-credential-{helper}"
    try:
        done = run(
            [program, "get"],
            input=registry,
            capture_output=True,
            text=True,
            timeout=_HELPER_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise CredentialsError(f"{program}, which keeps the login for {registry}, is not installed") from None
    except subprocess.TimeoutExpired:
        raise CredentialsError(f"{program} gave no answer within {_HELPER_SECONDS} seconds") from None
    if done.returncode != 0:
        if "credentials not found" in done.stdout + done.stderr:
            return None
        raise CredentialsError(f"{program} failed with status {done.returncode} for {registry}")
    try:
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise CredentialsError(f"{program} gave an answer that cannot be read") from None
    return Credentials(None if username == "<token>" else username, secret)


def _host(name: str) -> str:
    """An entry's registry: people write it with a scheme and a path as well."""
    return re.sub(r"^https?://", "", name).partition("/")[0].lower()

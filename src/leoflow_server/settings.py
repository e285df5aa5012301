"""What a control plane is told: flag > `LEOFLOW_*` environment > file > default.

A value that must be kept secret may also come from a file: `LEOFLOW_JWT_SECRET_FILE=/run/secrets/jwt`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml

from leoflow_server.database_url import IN_ARGUMENTS, has_password, sqlite_url, with_password


class SettingsInvalid(Exception):
    """What is missing or wrong, one sentence per problem, each with what to set."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that a control plane is configured by. Durations are seconds."""

    home: Path  # state: database, logs, bundles, spool
    ui_dir: Path  # where `leoflow setup` puts the UI
    # Where the record is, with the password; and past a pooler, if there is one: for notifications.
    database_url: str = field(repr=False)
    database_direct_url: str = field(default="", repr=False)
    database_password: str = field(default="", repr=False)  # for both, where they have none
    logs: Path | None = None  # folder of task logs, which replicas share; None: in `home`
    role: str = "all"  # all; api: plans nothing and runs nothing; planner: no API and no UI
    host: str = "127.0.0.1"
    port: int = 8080
    grpc_host: str = "127.0.0.1"
    grpc_port: int = 9091
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9090
    # Secrets: never shown.
    jwt_secret: str = field(repr=False)
    encryption_key: str = field(repr=False)  # base64 of 32 bytes; comma-separated: the first one encrypts
    agent_secret: str = field(default="", repr=False)  # signs launch tokens; empty: derived from jwt_secret
    admin_username: str = "admin"
    admin_password: str | None = field(default=None, repr=False)
    # Behaviour
    lite: bool = False
    instance_name: str = "Leoflow"
    base_path: str = "/"
    token_seconds: float = 24 * 3600.0
    logs_url: str = ""  # an object store for task logs, such as s3://bucket/prefix; empty: a folder
    xcom_url: str = field(default="", repr=False)  # redis://… for the values of XComs; empty: the database
    xcom_seconds: float = 30 * 24 * 3600.0  # how long Redis keeps a value
    default_paused: bool = False  # for DAGs that do not say is_paused_upon_creation
    log_format: str = "auto"  # json, text; auto: text on a terminal
    log_level: str = "info"
    # Registries: what may be pulled from and run. Empty `registries`: nothing is pulled.
    registries: tuple[str, ...] = ()  # "host" or "host/path", each with what is below it
    registry_hosts: tuple[str, ...] = ()  # further hosts that those send to: of blobs, of tokens
    insecure_registries: tuple[str, ...] = ()  # spoken to without TLS
    registry_auth_method: str = "docker_config"  # docker_config, env, iam
    require_digest: bool = False  # images and references by digest only
    require_signature: bool = False  # signed artifacts only, by one of `signature_keys`
    signature_keys: tuple[str, ...] = ()  # PEM files of public keys
    channel_seconds: float = 30.0  # between two looks at the tag that a DAG follows
    max_map_length: int = 10_000  # instances that a mapped task may have
    # Retention: what is older goes; 0: nothing does. `…_keep`: so many of each DAG stay whatever their age
    retention_runs_days: float = 0.0  # ended runs, with their tasks, XComs and logs
    retention_runs_keep: int = 10
    retention_logs_days: float = 0.0  # logs of ended runs that stay
    retention_xcoms_days: float = 0.0  # XComs of ended runs that stay
    retention_audit_days: float = 0.0  # the audit log
    retention_deployments_days: float = 0.0  # the history of deployments
    retention_deployments_keep: int = 10
    retention_seconds: float = 300.0  # between two looks
    executor: str = "subprocess"  # subprocess: tasks on this machine; kubernetes: a pod each
    # Tasks that need no process: built-in sensors and plain HTTP calls, in this process
    native_tasks: bool = True  # false: they run as processes or pods, like all others
    native_calls: int = 100  # requests under way at once
    native_allow: tuple[str, ...] = ()  # networks that may be called whatever else is said
    native_deny: tuple[str, ...] = ()  # networks that may not, besides link-local and metadata addresses
    native_only: tuple[str, ...] = ()  # if given: no other network may be called
    # The host agent of the subprocess executor
    capacity: int = 32
    heartbeat_seconds: float = 5.0
    heartbeat_lost_seconds: float = 90.0
    idle_zygote_seconds: float = 300.0
    max_zygotes: int = 16
    orphan_seconds: float = 120.0
    # The Kubernetes executor
    # host:port at which pods reach the agents' port; of several replicas: with commas
    agents_address: str = ""
    kubernetes_namespace: str = "default"
    kubernetes_instance: str = "leoflow"  # tells control planes in one namespace apart: a DNS label
    kubernetes_config: str = (
        ""  # a kubeconfig file; empty: the pod's service account, KUBECONFIG, ~/.kube/config
    )
    kubernetes_pull_secrets: str = ""  # names, with commas
    kubernetes_service_account: str = ""  # for tasks that name none
    kubernetes_privileged: bool = False  # whether a task's pod_override may reach beyond its pod
    kubernetes_start_seconds: float = 300.0  # how long a pod may wait for a node or its image

    @property
    def logs_dir(self) -> Path:
        return self.logs or self.home / "logs"

    @property
    def bundles_dir(self) -> Path:
        return self.home / "bundles"

    @property
    def spool_dir(self) -> Path:
        return self.home / "spool"

    @property
    def agent_log(self) -> Path:
        return self.home / "agent.log"

    @property
    def launch_secret(self) -> bytes:
        """The key that signs launch tokens."""
        if self.agent_secret:
            return self.agent_secret.encode()
        return hmac.digest(self.jwt_secret.encode(), b"leoflow launch tokens", hashlib.sha256)


SECRETS = (
    "xcom_url",
    "jwt_secret",
    "encryption_key",
    "agent_secret",
    "admin_password",
    "database_url",
    "database_direct_url",
    "database_password",
)
_REQUIRED = {
    "admin_password": "the password of the first admin login",
    "jwt_secret": "at least 32 random characters that sign logins",
    "encryption_key": "base64 of 32 random bytes that encrypt connections and variables",
}


def leoflow_home(environ: Mapping[str, str] = os.environ) -> Path:
    """`LEOFLOW_HOME`, or `~/.leoflow`."""
    return Path(environ.get("LEOFLOW_HOME") or "~/.leoflow").expanduser()


def resolve(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from all sources. `flags` with value None are as good as not given.

    Raises SettingsInvalid with every problem found.
    """
    problems: list[str] = []
    from_file = _read_file(file, problems)
    base = leoflow_home(environ)
    given: dict[str, Any] = {"home": base / "server", "ui_dir": base / "ui", **(defaults or {})}
    for item in fields(Settings):
        text = _from_environment(item.name, environ, problems)
        if flags.get(item.name) is not None:
            given[item.name] = flags[item.name]
        elif text is not None:
            given[item.name] = text
        elif item.name in from_file:
            given[item.name] = from_file[item.name]
    values = {name: _typed(name, value, problems) for name, value in given.items()}
    for name, what in _REQUIRED.items():
        if not values.get(name):
            variable = f"LEOFLOW_{name.upper()}"
            problems.append(f"{name} is missing: set {variable} (or {variable}_FILE) to {what}.")
    if isinstance(values.get("jwt_secret"), str) and 0 < len(values["jwt_secret"]) < 32:
        problems.append("jwt_secret is too short: at least 32 characters.")
    problems.extend(_executor_problems(values))
    if values.get("encryption_key"):
        problems.extend(_key_problems(values["encryption_key"]))
    problems.extend(_registry_problems(values))
    problems.extend(_network_problems(values))
    problems.extend(_database_problems(flags))
    problems.extend(_retention_problems(values))
    if values.get("role", "all") not in ("all", "api", "planner"):
        problems.append(f"role must be all, api or planner, not {values['role']!r}.")
    if problems:
        raise SettingsInvalid(problems)
    values["home"] = values["home"].absolute()
    values["logs"] = values["logs"].absolute() if values.get("logs") else None
    values.setdefault("database_url", sqlite_url(values["home"]))
    for name in ("database_url", "database_direct_url"):
        if values.get(name):
            values[name] = with_password(values[name], values.get("database_password"))
    return Settings(**values)


def database_url(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
    home: Path | None = None,
) -> str:
    """Only where the database is: what `leoflow server migrate` needs. Raises SettingsInvalid.

    `home`: the folder of state, where it is known already.
    """
    problems: list[str] = _database_problems(flags)
    from_file = _read_file(file, problems)
    given: dict[str, Any] = {}
    for name in ("home", "database_url", "database_password"):
        text = _from_environment(name, environ, problems)
        given[name] = flags.get(name) or text or from_file.get(name)
    if problems:
        raise SettingsInvalid(problems)
    folder = home or (Path(given["home"]) if given["home"] else leoflow_home(environ) / "server")
    return with_password(str(given["database_url"] or sqlite_url(folder)), given["database_password"])


def _retention_problems(values: Mapping[str, Any]) -> list[str]:
    problems = [
        f"{name} must not be negative, and is {value}."
        for name, value in values.items()
        if name.startswith("retention_") and isinstance(value, int | float) and value < 0
    ]
    if values.get("retention_seconds") == 0:
        problems.append("retention_seconds must be above zero.")
    return problems


def _database_problems(flags: Mapping[str, Any]) -> list[str]:
    return [IN_ARGUMENTS] if has_password(str(flags.get("database_url") or "")) else []


def _from_environment(name: str, environ: Mapping[str, str], problems: list[str]) -> str | None:
    # LEOFLOW_HOME is the root of everything; the server's own folder below it has a name of its own.
    variable = "LEOFLOW_SERVER_HOME" if name == "home" else f"LEOFLOW_{name.upper()}"
    if environ.get(variable):
        return environ[variable]
    path = environ.get(f"{variable}_FILE") if name in SECRETS else None
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{variable}_FILE cannot be read: {error}.")
        return None


def _read_file(file: Path | None, problems: list[str]) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{file} cannot be read: {error}.")
        return {}
    if content is None:
        return {}
    if not isinstance(content, dict):
        problems.append(f"{file} must be a mapping of setting names to values.")
        return {}
    known = {item.name for item in fields(Settings)}
    problems.extend(f"{file}: unknown setting {name!r}." for name in content if name not in known)
    return {name: value for name, value in content.items() if name in known}


_BOOLEANS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def _typed(name: str, value: Any, problems: list[str]) -> Any:
    annotation = Settings.__annotations__[name]
    try:
        if annotation in ("Path", "Path | None"):
            return Path(value).expanduser()
        if annotation == "bool":
            return value if isinstance(value, bool) else _BOOLEANS[str(value).strip().lower()]
        if annotation == "int":
            return int(value)
        if annotation == "float":
            return float(value)
        if annotation == "tuple[str, ...]":
            return _listed(value)
    except (ValueError, TypeError, KeyError):
        problems.append(f"{name} must be {_WORDS[annotation]}, not {str(value)!r}.")
        return None
    return value


_WORDS = {
    "Path": "a path",
    "Path | None": "a path",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number of seconds",
    "tuple[str, ...]": "a list of names",
}


def _listed(value: Any) -> tuple[str, ...]:
    """A list of YAML, or names with commas between them. Raises ValueError."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise ValueError
    return tuple(part.strip() for part in parts if part.strip())


def _network_problems(values: Mapping[str, Any]) -> list[str]:
    problems = []
    for name in ("native_allow", "native_deny", "native_only"):
        for text in values.get(name) or ():
            try:
                ip_network(text, strict=False)
            except ValueError:
                problems.append(f"{name} must name networks such as 10.0.0.0/8, not {text!r}.")
    return problems


def _registry_problems(values: Mapping[str, Any]) -> list[str]:
    """What cannot hold together; paths and hosts are looked at where they are used."""
    problems = []
    method = values.get("registry_auth_method", "docker_config")
    if method not in ("docker_config", "env", "iam"):
        problems.append(f"registry_auth_method must be docker_config, env or iam, not {method!r}.")
    if values.get("require_signature") and not values.get("signature_keys"):
        problems.append("require_signature needs signature_keys: the PEM files of the keys that are trusted.")
    problems += [
        f"signature_keys: {path} cannot be read."
        for path in values.get("signature_keys") or ()
        if not os.access(path, os.R_OK)
    ]
    seconds = values.get("channel_seconds")
    if seconds is not None and not 0.05 <= seconds <= 86400:
        problems.append(f"channel_seconds must be between 0.05 and 86400, not {seconds}.")
    return problems


_INSTANCE = re.compile(
    r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?"
)  # of pod names, with the number of a launch behind it
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/,]+):[0-9]{1,5}")


def _executor_problems(values: Mapping[str, Any]) -> list[str]:
    executor = values.get("executor", "subprocess")
    if executor not in ("subprocess", "kubernetes"):
        return [f"executor must be subprocess or kubernetes, not {executor!r}."]
    if executor == "subprocess":
        return []
    problems = []
    addresses = values.get("agents_address", "").split(",")
    if not all(_ADDRESS.fullmatch(address.strip()) for address in addresses):
        problems.append(
            "agents_address is missing: set LEOFLOW_AGENTS_ADDRESS to the host:port at which pods reach this "
            "control plane's agents' port."
        )
    if not _INSTANCE.fullmatch(values.get("kubernetes_instance", "leoflow")):
        problems.append(
            "kubernetes_instance must be at most 40 lower-case letters, digits and hyphens, a letter first."
        )
    return problems


def _key_problems(keys: str) -> list[str]:
    for entry in keys.split(","):
        key = entry.rpartition(":")[2].strip()  # "id:key" names a key for rotation
        padded = key + "=" * (-len(key) % 4)
        try:
            raw = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 32:
            return ["encryption_key must be base64 of exactly 32 bytes (or several of them, with commas)."]
    return []

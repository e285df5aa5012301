"""Flag > environment > file > default; what is missing or wrong is said all at once."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leoflow_server.cleaning import Policy
from leoflow_server.settings import Settings, SettingsInvalid, database_url, resolve

KEY = base64.b64encode(b"k" * 32).decode()
SECRETS = {"LEOFLOW_ADMIN_PASSWORD": "pw", "LEOFLOW_JWT_SECRET": "j" * 32, "LEOFLOW_ENCRYPTION_KEY": KEY}


def resolved(flags: dict[str, Any] | None = None, file: Path | None = None, **environ: str) -> Settings:
    return resolve(flags or {}, environ={**SECRETS, "LEOFLOW_HOME": "/srv/leoflow", **environ}, file=file)


def test_defaults() -> None:
    settings = resolved()

    assert (settings.port, settings.grpc_port, settings.metrics_port) == (8080, 9091, 9090)
    assert settings.host == "127.0.0.1"
    assert settings.home == Path("/srv/leoflow/server")
    assert settings.database_url == "sqlite:////srv/leoflow/server/leoflow.db"
    assert settings.logs_dir == Path("/srv/leoflow/server/logs")
    assert not settings.lite


def test_each_source_yields_to_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text("port: 1\nhost: from-file\ngrpc_port: 1\nmetrics_port: 1\n")

    settings = resolved({"port": 3, "host": None}, file, LEOFLOW_PORT="2", LEOFLOW_GRPC_PORT="2")

    assert (settings.port, settings.grpc_port, settings.metrics_port) == (3, 2, 1)
    assert settings.host == "from-file"


def test_lists_are_yaml_or_have_commas(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text("registries: [hub.example/dags, ghcr.io/acme]\nregistry_hosts: blobs.example\n")

    settings = resolved({}, file, LEOFLOW_INSECURE_REGISTRIES="a:5000, b:5000,")

    assert settings.registries == ("hub.example/dags", "ghcr.io/acme")
    assert settings.registry_hosts == ("blobs.example",)
    assert settings.insecure_registries == ("a:5000", "b:5000")


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text("s" * 40 + "\n")

    assert (
        resolved(LEOFLOW_JWT_SECRET="", LEOFLOW_JWT_SECRET_FILE=str(tmp_path / "jwt")).jwt_secret == "s" * 40
    )


def test_no_secret_shows_in_the_representation() -> None:
    shown = repr(resolved())

    assert "j" * 32 not in shown
    assert KEY not in shown
    assert "pw" not in shown


WRONG = [
    ({"LEOFLOW_PORT": "many"}, "", "port must be a whole number, not 'many'"),
    ({"LEOFLOW_LITE": "perhaps"}, "", "lite must be true or false"),
    ({"LEOFLOW_ADMIN_PASSWORD": ""}, "", "set LEOFLOW_ADMIN_PASSWORD (or LEOFLOW_ADMIN_PASSWORD_FILE)"),
    ({"LEOFLOW_JWT_SECRET": "short"}, "", "at least 32 characters"),
    ({"LEOFLOW_ENCRYPTION_KEY": "c2hvcnQ="}, "", "base64 of exactly 32 bytes"),
    ({"LEOFLOW_ENCRYPTION_KEY": "§§§"}, "", "base64 of exactly 32 bytes"),
    ({"LEOFLOW_EXECUTOR": "celery"}, "", "executor must be subprocess or kubernetes, not 'celery'"),
    ({"LEOFLOW_EXECUTOR": "kubernetes"}, "", "agents_address is missing"),
    (
        {"LEOFLOW_EXECUTOR": "kubernetes", "LEOFLOW_AGENTS_ADDRESS": "https://leoflow:9091"},
        "",
        "set LEOFLOW_AGENTS_ADDRESS to the host:port",
    ),
    (
        {
            "LEOFLOW_EXECUTOR": "kubernetes",
            "LEOFLOW_AGENTS_ADDRESS": "leoflow:9091",
            "LEOFLOW_KUBERNETES_INSTANCE": "Blue_1",
        },
        "",
        "kubernetes_instance must be",
    ),
    ({"LEOFLOW_JWT_SECRET": "", "LEOFLOW_JWT_SECRET_FILE": "/nowhere"}, "", "JWT_SECRET_FILE cannot be read"),
    ({}, "registries: 5000\n", "registries must be a list of names, not '5000'"),
    ({"LEOFLOW_REGISTRY_AUTH_METHOD": "basic"}, "", "must be docker_config, env or iam, not 'basic'"),
    ({"LEOFLOW_REQUIRE_SIGNATURE": "yes"}, "", "require_signature needs signature_keys"),
    ({"LEOFLOW_SIGNATURE_KEYS": "/nowhere.pub"}, "", "signature_keys: /nowhere.pub cannot be read"),
    ({"LEOFLOW_CHANNEL_SECONDS": "0"}, "", "channel_seconds must be between 0.05 and 86400"),
    ({"LEOFLOW_CHANNEL_SECONDS": "soon"}, "", "channel_seconds must be a number of seconds"),
    ({}, "prot: 1\n", "unknown setting 'prot'"),
    ({}, "- a list\n", "must be a mapping"),
    ({}, "a: [", "cannot be read"),
]


@pytest.mark.parametrize(("environ", "text", "words"), WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, environ: dict[str, str], text: str, words: str) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(text)

    with pytest.raises(SettingsInvalid) as caught:
        resolved({}, file, **environ)

    assert words in str(caught.value)


def test_everything_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        resolve({}, environ={})

    assert len(caught.value.problems) == 3


def test_keys_may_be_several_and_named() -> None:
    assert resolved(LEOFLOW_ENCRYPTION_KEY=f"new:{KEY},old:{KEY}").encryption_key.startswith("new:")


def test_launch_tokens_have_a_key_of_their_own() -> None:
    derived, given = resolved().launch_secret, resolved(LEOFLOW_AGENT_SECRET="mine").launch_secret

    assert len(derived) == 32
    assert derived != b"j" * 32
    assert given == b"mine"


def test_the_database_can_be_found_without_any_secret() -> None:
    assert database_url({}, environ={"LEOFLOW_HOME": "/srv"}) == "sqlite:////srv/server/leoflow.db"
    assert database_url({"database_url": "sqlite:////x.db"}, environ={}) == "sqlite:////x.db"


def test_a_password_in_the_arguments_is_refused() -> None:
    flags = {"database_url": "postgresql://leoflow:secret@db/leoflow"}
    for ask in (lambda: database_url(flags, environ={}), lambda: resolve(flags, environ=SECRETS)):
        with pytest.raises(SettingsInvalid, match="must not hold a password") as caught:
            ask()
        assert "secret@" not in str(caught.value)


def test_the_databases_password_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word\n")
    environ = {
        "LEOFLOW_DATABASE_URL": "postgresql://leoflow@pooler:6432/leoflow",
        "LEOFLOW_DATABASE_DIRECT_URL": "postgresql://leoflow@db/leoflow",
        "LEOFLOW_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
    }
    expected = "postgresql://leoflow:p%40ss%2Fword@"
    settings = resolve({}, environ=SECRETS | environ)

    assert database_url({}, environ=environ) == f"{expected}pooler:6432/leoflow"
    assert settings.database_url == f"{expected}pooler:6432/leoflow"
    assert settings.database_direct_url == f"{expected}db/leoflow"
    assert "p%40ss" not in repr(settings)
    assert "p@ss" not in repr(settings)


def test_a_password_of_the_url_is_left_as_it_is() -> None:
    environ = {
        "LEOFLOW_DATABASE_URL": "postgresql://leoflow:own@db/leoflow",
        "LEOFLOW_DATABASE_PASSWORD": "x",
    }
    assert database_url({}, environ=environ) == environ["LEOFLOW_DATABASE_URL"]


def test_retention_is_off_and_never_negative() -> None:
    assert Policy.of(resolve({}, environ=SECRETS)).kinds == ()
    wanted = SECRETS | {"LEOFLOW_RETENTION_RUNS_DAYS": "90", "LEOFLOW_RETENTION_AUDIT_DAYS": "0.5"}
    policy = Policy.of(resolve({}, environ=wanted))
    assert (policy.runs, policy.audit) == (timedelta(days=90), timedelta(hours=12))
    with pytest.raises(SettingsInvalid, match="retention_logs_days must not be negative"):
        resolve({}, environ=SECRETS | {"LEOFLOW_RETENTION_LOGS_DAYS": "-1"})


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="role must be all, api or planner"):
        resolve({"role": "boss"}, environ=SECRETS)

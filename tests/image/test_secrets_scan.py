"""Secrets in files that would travel stop the deployment, and their place is named; the secret is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.image.secrets_scan import SecretsFound, refuse_secrets, secrets_in
from leoflow_compiler.project import Project, load_project

# Put together here, so that this file holds none.
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB = "ghp_" + "a1B2" * 9
PEM = "-----BEGIN {}PRIVATE" + " KEY-----"
DAG = "from airflow.sdk import DAG\nwith DAG('sales'):\n    pass\n"


def project(folder: Path, more: str = "", **files: str | bytes) -> Project:
    """`__` in a name stands for a folder."""
    (folder / "leoflow.yaml").write_text(f"dag_id: sales\n{more}")
    for name, content in {"dag.py": DAG, **files}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    loaded, problems = load_project(folder)
    assert loaded is not None, problems
    return loaded


def found(folder: Path, **files: str | bytes) -> list[str]:
    return [str(one) for one in secrets_in(project(folder, **files))]


SECRETS = {
    "AWS": (AWS, "an AWS access key"),
    "GitHub": (GITHUB, "a GitHub token"),
    "GitHub, fine-grained": ("github_pat_" + "a" * 82, "a GitHub token"),
    "GitLab": ("glpat-" + "a" * 20, "a GitLab token"),
    "PyPI": ("pypi-AgE" + "a" * 60, "a PyPI token"),
    "npm": ("npm_" + "a" * 36, "an npm token"),
    "Stripe": ("sk_live_" + "a" * 24, "a Stripe key"),
    "Azure": ("AccountKey=" + "a" * 86 + "==", "an Azure storage key"),
    "openssl": (PEM.format("EC "), "a private key"),
    "PKCS 8": (PEM.format(""), "a private key"),
    "cosign": (PEM.format("ENCRYPTED SIGSTORE "), "a private key"),
    "URL": ("postgresql://etl:hunter2@db.example.com/sales", "a URL with a password"),
    "URL without a user": ("redis://:hunter2@cache.example.com/0", "a URL with a password"),
}


@pytest.mark.parametrize(("secret", "kind"), SECRETS.values(), ids=SECRETS)
def test_the_line_is_named(tmp_path: Path, secret: str, kind: str) -> None:
    text = f"first\nsecond\nvalue = {secret}\n"
    assert found(tmp_path, **{"sql/settings.ini": text}) == [f"sql/settings.ini:3 holds {kind}"]


HARMLESS = {
    "template": "postgresql://etl:{{ conn.db.password }}@db.example.com/sales",
    "variable": "postgresql://etl:${PASSWORD}@db.example.com/sales",
    "placeholder": "postgresql://user:password@localhost/sales",
    "no password": "https://etl@example.com/x",
    "port": "https://example.com:8443/a@b",
    "public key": "-----BEGIN PUBLIC KEY-----",
    "said not to be one": f"{AWS}  # leoflow: ignore[LF601] AWS's own example",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_what_is_no_secret(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, **{"notes.txt": f"{text}\n"}) == []


@pytest.mark.parametrize(
    "name",
    [
        "keys/id_ed25519",
        ".netrc",
        "home/.aws/credentials",
        "home/.docker/config.json",
        "trust.p12",
        ".pgpass",
    ],
)
def test_files_that_are_secrets_by_their_name(tmp_path: Path, name: str) -> None:
    (one,) = found(tmp_path, **{name: b"\0anything"})
    assert one.startswith(f"{name} is a ")


def test_exported_connections(tmp_path: Path) -> None:
    exported = '{"db": {\n"conn_type": "postgres",\n"password": "hunter2"\n}}\n'
    empty = '{"db": {"conn_type": "http", "password": null}}\n'
    files = {"connections.json": exported, "test/connections.json": empty, "form.json": exported}
    assert found(tmp_path, **files) == ["connections.json:3 holds the password of a connection"]


def test_excluded_files_do_not_travel_and_are_not_looked_at(tmp_path: Path) -> None:
    assert found(tmp_path, **{".leoflowignore": "secret.txt\n", "secret.txt": AWS, ".env": AWS}) == []


def test_binary_files_are_data(tmp_path: Path) -> None:
    assert found(tmp_path, **{"model.bin": b"\0" + AWS.encode()}) == []


def test_settings_travel_as_labels(tmp_path: Path) -> None:
    loaded = project(tmp_path, f"build:\n  labels:\n    team: {AWS}\n")
    assert [str(one) for one in secrets_in(loaded)] == ["leoflow.yaml:4 holds an AWS access key"]


def test_each_line_once_and_long_lines_too(tmp_path: Path) -> None:
    text = f"{AWS} {GITHUB} {AWS}\n" + "x" * 100_000 + f" {GITHUB}\n"
    assert found(tmp_path, **{"a.txt": text}) == [
        "a.txt:1 holds an AWS access key",
        "a.txt:2 holds a GitHub token",
    ]


def test_the_sentence_names_places_and_no_secret(tmp_path: Path) -> None:
    loaded = project(tmp_path, **{"a.txt": f"\n{GITHUB}\n", "dag.py": f"{DAG}# {AWS}\n"})
    with pytest.raises(SecretsFound) as caught:
        refuse_secrets(loaded)
    assert caught.value.message == (
        "files of 'sales' that its image would hold have secrets in them: "
        "a.txt:2 holds a GitHub token; dag.py:4 holds an AWS access key"
    )
    assert GITHUB not in f"{caught.value.message}{caught.value.hint}"
    assert ".leoflowignore" in str(caught.value.hint)


def test_many_places_are_counted(tmp_path: Path) -> None:
    loaded = project(tmp_path, **{"a.txt": f"{GITHUB}\n" * 30})
    with pytest.raises(SecretsFound, match=r"a\.txt:10 holds a GitHub token; and 20 more$"):
        refuse_secrets(loaded)

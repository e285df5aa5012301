"""Logging in, tokens, and which server they go to."""

import json
from pathlib import Path

import pytest
import yaml

from tests.client.fake_control_plane import PASSWORD, TOKEN, FakeControlPlane

LOGIN = ("auth", "login", "--username", "ann", "--password-stdin")


def test_a_login_is_saved_for_the_user_alone_and_used_from_then_on(
    leoflow, fake: FakeControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEOFLOW_TOKEN")
    saved = tmp_path / "config" / "config.yaml"
    saved.parent.mkdir()
    saved.write_text("registry: registry.example.org\n")

    done = leoflow(*LOGIN, "--server", fake.url + "/", stdin=PASSWORD + "\n")

    assert (done.status, done.out) == (0, f"Logged in to {fake.url} (token saved to {saved})\n")
    assert saved.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(saved.read_text()) == {
        "registry": "registry.example.org",
        "server_url": fake.url,
        "token": TOKEN,
    }
    monkeypatch.delenv("LEOFLOW_SERVER_URL")
    assert leoflow("dags", "list").status == 0


def test_a_wrong_password_is_told_and_nothing_is_saved(
    leoflow, fake: FakeControlPlane, tmp_path: Path
) -> None:
    done = leoflow(*LOGIN, stdin="wrong\n")
    assert (done.status, done.err) == (1, f"error: {fake.url} does not accept this user name and password\n")
    assert not (tmp_path / "config").exists()


def test_without_a_terminal_nothing_is_asked(leoflow) -> None:
    assert leoflow("auth", "login").err == "error: no user name: this is not a terminal, use --username\n"
    done = leoflow("auth", "login", "--username", "ann")
    assert (done.status, done.err) == (
        2,
        "error: no password: this is not a terminal, use --password-stdin\n",
    )
    done = leoflow(*LOGIN)
    assert (done.status, done.err) == (2, "error: standard input holds no password\n")


def test_a_token_for_programs_is_printed_and_not_saved(
    leoflow, fake: FakeControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEOFLOW_USERNAME", "ann")
    monkeypatch.setenv("LEOFLOW_PASSWORD", PASSWORD)
    assert leoflow("auth", "create-token").out == f"{TOKEN}-cli\n"
    assert json.loads(leoflow("auth", "create-token", "--json").out)["access_token"] == f"{TOKEN}-cli"
    assert not (tmp_path / "config").exists()


def test_no_option_takes_a_secret(leoflow) -> None:
    done = leoflow("auth", "login", "--password", "x")
    assert done.status == 2
    assert "No such option" in done.err

    done = leoflow("dags", "list", "--token", TOKEN)
    assert done.status == 2
    assert "`--token` takes the place of the token, and there is no such file" in done.err
    assert TOKEN not in done.err


def test_a_saved_token_goes_to_its_own_server_only(
    leoflow, fake: FakeControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEOFLOW_TOKEN")
    leoflow(*LOGIN, stdin=PASSWORD)
    elsewhere = fake.url.replace("127.0.0.1", "localhost")
    done = leoflow("dags", "list", "--server", elsewhere)
    assert (done.status, done.err) == (
        1,
        f"error: {elsewhere} does not accept the token, or there is none\n"
        "hint: log in with `leoflow auth login`\n",
    )


def test_the_token_on_standard_input_wins(leoflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEOFLOW_TOKEN", "expired")
    assert leoflow("dags", "list").status == 1
    assert leoflow("dags", "list", "--token-stdin", stdin=TOKEN + "\n").status == 0
    assert leoflow("dags", "list", "--token", "-", stdin=TOKEN + "\n").status == 0


def test_the_token_is_found_at_its_place(leoflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEOFLOW_TOKEN", "expired")
    monkeypatch.setenv("CI_TOKEN", TOKEN)
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "empty").write_text("\n")

    assert leoflow("dags", "list", "--token", "env://CI_TOKEN").status == 0
    assert leoflow("dags", "list", "--token", str(tmp_path / "token")).status == 0
    for place in ("env://NOT_SET", str(tmp_path / "empty"), str(tmp_path)):
        assert leoflow("dags", "list", "--token", place).status == 2


@pytest.mark.parametrize("content", ["token: [", "- a\n"])
def test_a_damaged_config_is_one_sentence(leoflow, tmp_path: Path, content: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(content)
    done = leoflow("dags", "list")
    assert done.status == 1
    assert done.err.count("\n") == 2
    assert "config.yaml" in done.err

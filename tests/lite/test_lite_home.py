"""The state folder: modes, the lock, the secrets."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from leoflow_server.lite.errors import HomeTaken, HomeUnusable, SecretsUnreadable
from leoflow_server.lite.home import LiteHome, exclusive, note_port
from leoflow_server.lite.secrets import load_or_create, new_password


@pytest.fixture
def home(tmp_path: Path) -> LiteHome:
    made = LiteHome(root=tmp_path / "home")
    made.prepare()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_may_look_into_the_state_folder(home: LiteHome) -> None:
    assert {mode(folder) for folder in (home.root, home.state, home.bundles)} == {0o700}


def test_a_file_in_place_of_the_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeUnusable, match="it is a file, not a folder"):
        LiteHome(root=tmp_path / "home").prepare()


def test_a_file_in_the_path_of_the_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeUnusable, match="a part of its path is a file"):
        LiteHome(root=tmp_path / "file" / "home").prepare()


def test_a_second_lite_is_told_who_is_there(home: LiteHome) -> None:
    with exclusive(home, port=0):
        note_port(home, 8123)
        with pytest.raises(HomeTaken) as caught, exclusive(home, port=1):
            pass
    assert caught.value.pid == os.getpid()
    assert caught.value.port == 8123
    assert "8123" in str(caught.value)


def test_the_home_is_free_again_afterwards(home: LiteHome) -> None:
    for _ in range(2):
        with exclusive(home, port=1):
            pass


def test_secrets_are_made_once_and_only_the_owner_reads_them(home: LiteHome) -> None:
    made = load_or_create(home.secrets)
    assert mode(home.secrets) == 0o600
    assert load_or_create(home.secrets) == made


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    one, two = (load_or_create(tmp_path / name) for name in ("one.json", "two.json"))
    assert one.jwt_secret != two.jwt_secret
    assert one.encryption_key != two.encryption_key
    assert one.agent_secret != two.agent_secret


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"jwt_secret": "", "encryption_key": "", "agent_secret": ""})]
)
def test_damaged_secrets_are_never_replaced(home: LiteHome, content: str) -> None:
    home.secrets.write_text(content)
    with pytest.raises(SecretsUnreadable, match="restore the file"):
        load_or_create(home.secrets)
    assert home.secrets.read_text() == content


def test_passwords_are_long_and_differ() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert {len(password.replace("-", "")) for password in made} == {20}

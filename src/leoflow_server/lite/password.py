"""`leoflow lite reset-password`: works on the database itself, so Lite may be running or not."""

from __future__ import annotations

import asyncio

from leoflow_server.access import ADMIN, Access, NoSuchUser
from leoflow_server.lite import terminal
from leoflow_server.lite.errors import LiteError
from leoflow_server.lite.home import LiteHome
from leoflow_server.lite.secrets import load_or_create, new_password
from leoflow_server.settings import Settings, SettingsInvalid, database_url, leoflow_home
from leoflow_server.store.errors import StoreError
from leoflow_server.store.sql_store import SqlStore


class NeverStarted(LiteError):
    def __init__(self) -> None:
        super().__init__("Leoflow Lite has not been started here yet; its first start prints the password.")


def main() -> int:
    """Prints the new password; returns the exit code."""
    home = LiteHome(root=leoflow_home().absolute())
    try:
        password = asyncio.run(_reset(home))
    except (LiteError, StoreError, SettingsInvalid) as error:
        terminal.fail(str(error))
        return 1
    terminal.say(f"admin  {password}")
    return 0


async def _reset(home: LiteHome) -> str:
    url = database_url({}, home=home.state)
    has_file = not url.startswith("sqlite:") or (home.state / "leoflow.db").is_file()
    if not has_file or not home.secrets.is_file():
        raise NeverStarted
    secrets = load_or_create(home.secrets)
    settings = Settings(
        home=home.state,
        ui_dir=home.ui,
        database_url=url,
        jwt_secret=secrets.jwt_secret,
        encryption_key=secrets.encryption_key,
        agent_secret=secrets.agent_secret,
        lite=True,
    )
    store = SqlStore(url)
    try:
        password = new_password()
        await Access.create(store=store, settings=settings).set_password(ADMIN, password)
        return password
    except NoSuchUser:
        raise NeverStarted from None
    finally:
        store.close()

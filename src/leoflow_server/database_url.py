"""Where the record is: one URL, with the password from where passwords belong."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

IN_ARGUMENTS = (
    "--database-url must not hold a password, which every user of this machine could read: set "
    "LEOFLOW_DATABASE_PASSWORD, LEOFLOW_DATABASE_PASSWORD_FILE or PGPASSFILE, or the whole URL in "
    "LEOFLOW_DATABASE_URL."
)


def sqlite_url(home: Path) -> str:
    return f"sqlite:///{home.expanduser().absolute() / 'leoflow.db'}"


def has_password(url: str) -> bool:
    """Also where it stands among the parameters."""
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - refused where it is used
        return False
    return parsed.password is not None or "password" in parsed.query


def with_password(url: str, password: str | None) -> str:
    """The URL with `password` where it is PostgreSQL's and has none of its own."""
    if not password or has_password(url):
        return url
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - refused where it is used
        return url
    if parsed.get_backend_name() == "sqlite":
        return url
    return parsed.set(password=password).render_as_string(hide_password=False)

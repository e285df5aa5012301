"""Which server, with which token: `~/.leoflow/config.yaml` and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.client.errors import ClientError

DEFAULT_SERVER = "http://localhost:8080"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    server: str  # without a trailing slash
    token: str | None = None


def settings_path(environ: Mapping[str, str]) -> Path:
    """`LEOFLOW_CONFIG`, else `~/.leoflow/config.yaml`."""
    chosen = environ.get("LEOFLOW_CONFIG")
    return Path(chosen) if chosen else Path.home() / ".leoflow" / "config.yaml"


def load_settings(
    environ: Mapping[str, str], *, server: str | None = None, token: str | None = None
) -> Settings:
    """Flag > environment > file > default. A saved token is sent only to the server that it was saved for.

    Raises ClientError for a file that cannot be read and for a server that is no http(s) URL.
    """
    saved = _read(settings_path(environ))
    saved_server = _text(saved, "server_url")
    chosen = server or environ.get("LEOFLOW_SERVER_URL") or saved_server or DEFAULT_SERVER
    chosen = normal_server(chosen)
    given = token or environ.get("LEOFLOW_TOKEN")
    if not given and (saved_server is None or normal_server(saved_server) == chosen):
        given = _text(saved, "token")
    return Settings(server=chosen, token=given or None)


def save_login(environ: Mapping[str, str], *, server: str, token: str) -> Path:
    """Keeps server and token, readable for the user alone; other keys stay. Raises ClientError."""
    path = settings_path(environ)
    content = {**_read(path), "server_url": server, "token": token}
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, mode=0o700)
        write_atomically(path, yaml.safe_dump(content, sort_keys=True).encode(), mode=0o600)
    except OSError as error:
        raise ClientError(f"the login cannot be saved in {path}: {error.strerror}") from error
    return path


def normal_server(url: str) -> str:
    """The URL without a trailing slash. Raises ClientError when it is not http or https."""
    scheme, separator, rest = url.strip().partition("://")
    if scheme not in ("http", "https") or not separator or not rest.strip("/"):
        raise ClientError(f"{url!r} is no server; write http://HOST:PORT or https://HOST")
    return url.strip().rstrip("/")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClientError(f"{path} is not valid YAML", hint="correct it, or remove it and log in") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ClientError(f"{path} must be a mapping", hint="correct it, or remove it and log in")
    return content


def _text(content: Mapping[str, Any], key: str) -> str | None:
    value = content.get(key)
    return value if isinstance(value, str) and value else None

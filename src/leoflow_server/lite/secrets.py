"""The random secrets of one installation, made once and kept in a file that only its owner reads."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from leoflow_server.lite.errors import SecretsUnreadable

# Without 0, 1, i, l, o: a password is sometimes typed from a screen.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    jwt_secret: str = field(repr=False)
    encryption_key: str = field(repr=False)  # base64 of 32 bytes
    agent_secret: str = field(repr=False)


def load_or_create(path: Path) -> Secrets:
    """The secrets in `path`; new ones, written at once with mode 0600, when there is no such file.

    The caller holds the state folder. Raises SecretsUnreadable rather than replace a damaged file:
    what was encrypted with its key could not be read any more.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return _create(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SecretsUnreadable(path, str(error)) from None
    try:
        content = json.loads(text)
        values = {item.name: content[item.name] for item in fields(Secrets)}
    except (ValueError, KeyError, TypeError) as error:
        raise SecretsUnreadable(path, f"{type(error).__name__}: {error}") from None
    if not all(isinstance(value, str) and len(value) >= 32 for value in values.values()):
        raise SecretsUnreadable(path, "a value is missing or too short")
    return Secrets(**values)


def _create(path: Path) -> Secrets:
    made = Secrets(
        jwt_secret=secrets.token_urlsafe(48),
        encryption_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        agent_secret=secrets.token_urlsafe(48),
    )
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(asdict(made), stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(path)
    return made


def new_password() -> str:
    """Four groups of five characters: 99 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))

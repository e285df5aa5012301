"""Keys that commands are given: from files, from variables, with a password where they have one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leoflow_compiler.cli.errors import UserError

if TYPE_CHECKING:
    from leoflow_runtime.oci.keys import PrivateKey, PublicKey

SIGNING_KEY = "LEOFLOW_SIGNING_KEY"
PASSWORDS = ("LEOFLOW_KEY_PASSWORD", "COSIGN_PASSWORD")
_ENV = "env://"
_PEM = "-----BEGIN "


def signing_key(option: str | None, environ: Mapping[str, str] = os.environ) -> PrivateKey | None:
    """What `--sign-key` names, else LEOFLOW_SIGNING_KEY: a file, `env://NAME`, or the key itself.

    None: there is none. Raises UserError.
    """
    if option:
        return private_key(option)
    told = environ.get(SIGNING_KEY)
    if not told:
        return None
    # What a variable holds may be the secret: messages name the variable alone.
    return private_key(f"{_ENV}{SIGNING_KEY}" if told.lstrip().startswith(_PEM) else told, named=SIGNING_KEY)


def private_key(source: str, *, named: str | None = None) -> PrivateKey:
    """Asks for the password where the key has one and the environment does not. Raises UserError.

    `named`: what messages call the source.
    """
    named = named or source
    pem = _pem(source, named)
    try:
        from leoflow_runtime.oci.keys import BadKey, PrivateKey, WrongPassword
    except ImportError as error:
        raise _without_extra() from error
    password = next((os.environ[name] for name in PASSWORDS if name in os.environ), None)
    try:
        try:
            return PrivateKey.from_pem(pem, password.encode() if password is not None else None)
        except WrongPassword:
            if password is not None or not sys.stdin.isatty():
                raise
            asked = str(click.prompt("Password of the key", hide_input=True, default="", err=True))
            return PrivateKey.from_pem(pem, asked.encode())
    except ImportError as error:
        raise _without_extra() from error
    except BadKey as error:
        hint = f"set {PASSWORDS[0]}" if isinstance(error, WrongPassword) and password is None else None
        raise UserError(f"{named}: {error}", hint=hint) from error


def public_key(source: str) -> PublicKey:
    """Raises UserError."""
    pem = _pem(source, source)
    try:
        from leoflow_runtime.oci.keys import BadKey, PublicKey
    except ImportError as error:
        raise _without_extra() from error
    try:
        return PublicKey.from_pem(pem)
    except BadKey as error:
        raise UserError(f"{source}: {error}") from error


def _pem(source: str, named: str) -> bytes:
    if source.startswith(_ENV):
        name = source.removeprefix(_ENV)
        if name not in os.environ:
            raise UserError(f"there is no variable {name} with a key")
        return os.environ[name].encode()
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a file"
        raise UserError(f"{named}: {reason}") from error


def _without_extra() -> UserError:
    return UserError("signatures need two more packages", hint="pip install 'leoflow[signing]'")

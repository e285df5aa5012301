"""How a command reaches a server: shared options, the session, and errors as sentences."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.client.control_plane import ControlPlane

Decorated = Callable[..., Any]
_STDIN = "-"
_ENV = "env://"


def server_option(function: Decorated) -> Decorated:
    return click.option(
        "--server",
        metavar="URL",
        help="The server; else LEOFLOW_SERVER_URL, the saved login, http://localhost:8080.",
    )(function)


def json_option(function: Decorated) -> Decorated:
    return click.option("--json", "as_json", is_flag=True, help="For programs.")(function)


def server_options(function: Decorated) -> Decorated:
    """`--server`, `--token`, `--json`; ClientErrors of the command become its one sentence."""

    @functools.wraps(function)
    def guarded(*args: Any, token_stdin: bool, **kwargs: Any) -> Any:
        if token_stdin:
            kwargs["token"] = _STDIN
        with told():
            return function(*args, **kwargs)

    token = click.option(
        "--token",
        metavar="PLACE",
        help="Where the token is: a file, env://NAME, or - for standard input; else LEOFLOW_TOKEN, "
        "the saved login.",
    )
    from_stdin = click.option("--token-stdin", is_flag=True, help="The same as `--token -`.")
    return server_option(token(from_stdin(json_option(guarded))))


@contextmanager
def told() -> Iterator[None]:
    """ClientErrors as UserErrors. Imports httpx, so that it is used around work with a server only."""
    from leoflow_compiler.client.errors import ClientError

    try:
        yield
    except ClientError as error:
        raise UserError(error.message, hint=error.hint) from error


@contextmanager
def connected(server: str | None, *, token: str | None) -> Iterator[ControlPlane]:
    """A control plane with the token that flags, environment or the saved login name. Raises UserError."""
    from leoflow_compiler.client.control_plane import ControlPlane
    from leoflow_compiler.client.session import Session
    from leoflow_compiler.client.settings import load_settings

    found = token_at(token) if token is not None else None
    with Session(load_settings(os.environ, server=server, token=found)) as session:
        yield ControlPlane(session)


def is_stdin(token: str | None) -> bool:
    """Whether standard input is taken by the token, so that nothing else can be asked there."""
    return token == _STDIN


def token_at(place: str, environ: Mapping[str, str] = os.environ) -> str:
    """The token at that place. Raises UserError, which never shows what was given: it may be the token."""
    if place == _STDIN:
        return secret_from_stdin("token")
    if place.startswith(_ENV):
        found = environ.get(place.removeprefix(_ENV), "").strip()
        if not found:
            raise UserError(f"`{place}` is not set or empty", exit_code=Exit.MISUSE)
        return found
    try:
        lines = Path(place).read_text("utf-8").split("\n", 1)
    except (OSError, ValueError) as error:
        message = "`--token` takes the place of the token, and there is no such file"
        hint = "name a file, env://NAME, or - for standard input: everybody on a machine can read arguments"
        raise UserError(message, hint=hint, exit_code=Exit.MISUSE) from error
    if not lines[0].strip():
        raise UserError("the file that `--token` names is empty", exit_code=Exit.MISUSE)
    return lines[0].strip()


def secret_from_stdin(what: str) -> str:
    """The first line of standard input; never echoed. Raises UserError when there is none."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UserError(f"standard input holds no {what}", exit_code=Exit.MISUSE)
    return line

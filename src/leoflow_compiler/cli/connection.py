"""How a command reaches a server: shared options, the session, and errors as sentences."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.client.control_plane import ControlPlane

Decorated = Callable[..., Any]


def server_option(function: Decorated) -> Decorated:
    return click.option(
        "--server",
        metavar="URL",
        help="The server; else LEOFLOW_SERVER_URL, the saved login, http://localhost:8080.",
    )(function)


def json_option(function: Decorated) -> Decorated:
    return click.option("--json", "as_json", is_flag=True, help="For programs.")(function)


def server_options(function: Decorated) -> Decorated:
    """`--server`, `--token-stdin`, `--json`; ClientErrors of the command become its one sentence."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with told():
            return function(*args, **kwargs)

    token = click.option(
        "--token-stdin",
        is_flag=True,
        help="Read the token from standard input; else LEOFLOW_TOKEN, the saved login.",
    )
    return server_option(token(json_option(guarded)))


@contextmanager
def told() -> Iterator[None]:
    """ClientErrors as UserErrors. Imports httpx, so that it is used around work with a server only."""
    from leoflow_compiler.client.errors import ClientError

    try:
        yield
    except ClientError as error:
        raise UserError(error.message, hint=error.hint) from error


@contextmanager
def connected(server: str | None, *, token_stdin: bool) -> Iterator[ControlPlane]:
    """A control plane with the token that flags, environment or the saved login name."""
    from leoflow_compiler.client.control_plane import ControlPlane
    from leoflow_compiler.client.session import Session
    from leoflow_compiler.client.settings import load_settings

    token = secret_from_stdin("token") if token_stdin else None
    with Session(load_settings(os.environ, server=server, token=token)) as session:
        yield ControlPlane(session)


def secret_from_stdin(what: str) -> str:
    """The first line of standard input; never echoed. Raises UserError when there is none."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UserError(f"standard input holds no {what}", exit_code=Exit.MISUSE)
    return line

"""`leoflow auth`: logging in, and tokens for programs."""

from __future__ import annotations

import json
import os
import sys

import click

from leoflow_compiler.cli.connection import json_option, secret_from_stdin, server_option, told
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit


@click.group()
def auth() -> None:
    """Log in to a server, create tokens."""


@auth.command(
    epilog="""\b
Examples:
  leoflow auth login --server https://leoflow.example.org
  leoflow auth login --username admin --password-stdin < password.txt
"""
)
@server_option
@click.option("--username", metavar="NAME", help="Else LEOFLOW_USERNAME, else asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def login(server: str | None, username: str | None, password_stdin: bool, as_json: bool) -> None:
    """Log in and keep the token, in ~/.leoflow/config.yaml or LEOFLOW_CONFIG, readable for you alone."""
    with told():
        from leoflow_compiler.client.settings import save_login

        url, token = _token(server, username, password_stdin, for_cli=False)
        path = save_login(os.environ, server=url, token=token)
    if as_json:
        click.echo(json.dumps({"server_url": url, "saved_to": str(path)}))
    else:
        click.echo(f"Logged in to {url} (token saved to {path})")


@auth.command(
    "create-token",
    epilog="""\b
Examples:
  leoflow auth create-token --username ci --password-stdin < password.txt
  export LEOFLOW_TOKEN=$(leoflow auth create-token)
""",
)
@server_option
@click.option("--username", metavar="NAME", help="Else LEOFLOW_USERNAME, else asked for.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def create_token(server: str | None, username: str | None, password_stdin: bool, as_json: bool) -> None:
    """Print a token for programs; nothing is saved."""
    with told():
        url, token = _token(server, username, password_stdin, for_cli=True)
    click.echo(json.dumps({"server_url": url, "access_token": token}) if as_json else token)


def _token(
    server: str | None, username: str | None, password_stdin: bool, *, for_cli: bool
) -> tuple[str, str]:
    from leoflow_compiler.client.control_plane import ControlPlane
    from leoflow_compiler.client.session import Session
    from leoflow_compiler.client.settings import Settings, load_settings

    # Fails on a bad server before anything is typed.
    url = load_settings(os.environ, server=server).server
    name = username or os.environ.get("LEOFLOW_USERNAME") or _ask("user name", "--username", hidden=False)
    if password_stdin:
        password = secret_from_stdin("password")
    else:
        password = os.environ.get("LEOFLOW_PASSWORD") or _ask("password", "--password-stdin", hidden=True)
    with Session(Settings(server=url)) as session:
        return url, ControlPlane(session).create_token(name, password, for_cli=for_cli)


def _ask(what: str, option: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty():
        raise UserError(f"no {what}: this is not a terminal, use {option}", exit_code=Exit.MISUSE)
    answer: str = click.prompt(what.capitalize(), hide_input=hidden, err=True)
    return answer

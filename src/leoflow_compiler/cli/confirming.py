"""Asks before something changes on another machine."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import click

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

yes_option = click.option("--yes", is_flag=True, help="Do not ask, also for servers on other machines.")


def confirm(server: str, question: str, *, yes: bool) -> None:
    """Returns where the answer is yes, or nobody need be asked: a server on this machine is one's own.

    `server`: a URL, with or without a scheme. Raises UserError where there is nobody to ask, and for a no.
    """
    if yes or urlsplit(server).hostname in _LOOPBACK:
        return
    if not sys.stdin.isatty():
        named = server.removeprefix("//")
        raise UserError(
            f"{named} is another machine, and nobody can be asked", hint="add --yes", exit_code=Exit.MISUSE
        )
    if not click.confirm(question, err=True):
        raise UserError("nothing was changed")

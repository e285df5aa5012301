"""`leoflow channels`: which tags in a registry the DAGs of a server follow."""

from __future__ import annotations

import json
from typing import Any

import click

from leoflow_compiler.cli.confirming import confirm, yes_option
from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.table import table
from leoflow_compiler.diagnostics.outcome import Exit


@click.group()
def channels() -> None:
    """Let DAGs follow tags in a registry: moving the tag deploys, moving it back rolls back."""


@channels.command(
    "list",
    epilog="""\b
Examples:
  leoflow channels list
  leoflow channels list --json
""",
)
@server_options
def list_channels(server: str | None, token: str | None, as_json: bool) -> None:
    """List which DAG follows what, and what keeps it from the newest."""
    with connected(server, token=token) as control_plane:
        found = control_plane.channels()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [
        (
            str(one["dag_id"]),
            str(one["reference"]),
            str(one["version_number"] or "-"),
            str(one["moved_at"]),
            str(one.get("error") or "-"),
        )
        for one in found
    ]
    click.echo(table(("DAG", "FOLLOWS", "VERSION", "MOVED", "ERROR"), rows) if rows else "no channels")


@channels.command(epilog="Example: leoflow channels add sales oci://registry.example.com/dags/sales:prod")
@click.argument("dag_id", metavar="DAG")
@click.argument("reference")
@yes_option
@server_options
def add(dag_id: str, reference: str, yes: bool, server: str | None, token: str | None, as_json: bool) -> None:
    """Deploy what a tag names now, and follow it, in place of any other.

    Where it cannot be deployed, nothing changes.
    """
    with connected(server, token=token) as control_plane:
        confirm(control_plane.server, f"Let {dag_id} follow {reference} on {control_plane.server}?", yes=yes)
        answer = control_plane.follow(dag_id, reference)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        number = answer["registration"]["version_number"]
        click.echo(f"{dag_id} follows {answer['channel']['reference']} (version {number})")


@channels.command(epilog="Example: leoflow channels check sales")
@click.argument("dag_id", metavar="DAG")
@server_options
def check(dag_id: str, server: str | None, token: str | None, as_json: bool) -> int:
    """Look at the tag now, as after moving it in CI; exit status 1 where it cannot be deployed."""
    with connected(server, token=token) as control_plane:
        found = control_plane.look(dag_id)
    click.echo(json.dumps(found, indent=2) if as_json else _state(found), err=False)
    return int(Exit.PROBLEMS if found.get("error") else Exit.CLEAN)


@channels.command(epilog="Example: leoflow channels remove sales")
@click.argument("dag_id", metavar="DAG")
@server_options
def remove(dag_id: str, server: str | None, token: str | None, as_json: bool) -> None:
    """Follow nothing any more; the DAG keeps the version that it has."""
    with connected(server, token=token) as control_plane:
        control_plane.unfollow(dag_id)
    click.echo(json.dumps({"dag_id": dag_id}) if as_json else f"{dag_id} follows nothing any more")


def _state(found: dict[str, Any]) -> str:
    if found.get("error"):
        return f"{found['dag_id']} stays at version {found['version_number']}: {found['error']}"
    return f"{found['dag_id']} is at version {found['version_number']}, as {found['reference']} says"

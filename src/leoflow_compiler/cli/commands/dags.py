"""`leoflow dags`: the DAGs of a server."""

from __future__ import annotations

import json
import sys

import click

from leoflow_compiler.cli.connection import connected, is_stdin, server_options
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.table import table
from leoflow_compiler.diagnostics.outcome import Exit


@click.group()
def dags() -> None:
    """List, pause, unpause, delete DAGs."""


@dags.command(
    "list",
    epilog="""\b
Examples:
  leoflow dags list
  leoflow dags list --json
""",
)
@server_options
def list_dags(server: str | None, token: str | None, as_json: bool) -> None:
    """List the DAGs of a server."""
    with connected(server, token=token) as control_plane:
        found = list(control_plane.dags())
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [
        (
            dag["dag_id"],
            "yes" if dag.get("is_paused") else "no",
            dag.get("timetable_summary") or "-",
            ", ".join(tag["name"] for tag in dag.get("tags") or []) or "-",
        )
        for dag in found
    ]
    click.echo(table(("DAG", "PAUSED", "SCHEDULE", "TAGS"), rows) if rows else "no DAGs")


@dags.command(epilog="Example: leoflow dags pause sales")
@click.argument("dag_id", metavar="DAG")
@server_options
def pause(dag_id: str, server: str | None, token: str | None, as_json: bool) -> None:
    """Make a DAG start no runs, and its waiting runs stay where they are."""
    _set_paused(dag_id, True, server, token, as_json)


@dags.command(epilog="Example: leoflow dags unpause sales")
@click.argument("dag_id", metavar="DAG")
@server_options
def unpause(dag_id: str, server: str | None, token: str | None, as_json: bool) -> None:
    """Let a DAG run."""
    _set_paused(dag_id, False, server, token, as_json)


@dags.command(
    epilog="""\b
Examples:
  leoflow dags delete old_sales
  leoflow dags delete old_sales --yes
"""
)
@click.argument("dag_id", metavar="DAG")
@click.option("--yes", is_flag=True, help="Do not ask.")
@server_options
def delete(dag_id: str, yes: bool, server: str | None, token: str | None, as_json: bool) -> None:
    """Delete a DAG with its versions, runs and logs."""
    if not yes:
        if is_stdin(token) or not sys.stdin.isatty():
            raise UserError(
                "deleting asks first, and this is not a terminal: use --yes", exit_code=Exit.MISUSE
            )
        click.confirm(f"Delete {dag_id} with all its runs?", abort=True, err=True)
    with connected(server, token=token) as control_plane:
        control_plane.delete_dag(dag_id)
    click.echo(json.dumps({"dag_id": dag_id, "deleted": True}) if as_json else f"Deleted {dag_id}")


def _set_paused(dag_id: str, paused: bool, server: str | None, token: str | None, as_json: bool) -> None:
    with connected(server, token=token) as control_plane:
        answer = control_plane.set_paused(dag_id, paused)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(f"{dag_id} is {'paused' if paused else 'active'}")

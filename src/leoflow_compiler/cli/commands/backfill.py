"""`leoflow backfill`: runs for a range of a DAG's past."""

from __future__ import annotations

import json
from typing import Any

import click

from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.inputs import json_object, moment
from leoflow_compiler.cli.table import table


@click.group()
def backfill() -> None:
    """Run a DAG for a range of its past."""


@backfill.command(
    epilog="""\b
Examples:
  leoflow backfill create sales --from 2026-01-01T00:00:00Z --to 2026-01-31T00:00:00Z --dry-run
  leoflow backfill create sales --from 2026-01-01T00:00:00Z --to 2026-01-31T00:00:00Z --max-active-runs 4
  leoflow backfill create sales --from … --to … --reprocess failed --run-backwards
"""
)
@click.argument("dag_id", metavar="DAG")
@click.option("--from", "from_date", required=True, metavar="TIME", help="The first logical date (ISO 8601).")
@click.option("--to", "to_date", required=True, metavar="TIME", help="The last logical date.")
@click.option(
    "--max-active-runs", type=click.IntRange(min=1), default=10, show_default=True, help="How many at once."
)
@click.option("--run-backwards", is_flag=True, help="The latest first.")
@click.option(
    "--reprocess",
    type=click.Choice(["none", "failed", "completed"]),
    default="none",
    show_default=True,
    help="Which runs that there are already are made again.",
)
@click.option(
    "--conf", metavar="JSON|@FILE", help="Parameters of the runs: a JSON object, or a file with one."
)
@click.option("--dry-run", is_flag=True, help="Only say which runs it would make.")
@server_options
def create(
    dag_id: str,
    from_date: str,
    to_date: str,
    max_active_runs: int,
    run_backwards: bool,
    reprocess: str,
    conf: str | None,
    dry_run: bool,
    server: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Make a run for each slot of the schedule between two times."""
    body = {
        "dag_id": dag_id,
        "from_date": moment(from_date),
        "to_date": moment(to_date),
        "max_active_runs": max_active_runs,
        "run_backwards": run_backwards,
        "reprocess_behavior": reprocess,
        "dag_run_conf": json_object(conf) if conf is not None else None,
    }
    with connected(server, token=token) as control_plane:
        made = control_plane.create_backfill(body, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(made, indent=2))
    elif dry_run:
        for one in made["backfills"]:
            click.echo(one["logical_date"])
        click.echo(f"{made['total_entries']} runs", err=True)
    else:
        click.echo(f"backfill {made['id']} of {dag_id}")
        click.echo(f"hint: `leoflow backfill show {made['id']}` tells how far it is", err=True)


@backfill.command(
    "list",
    epilog="""\b
Examples:
  leoflow backfill list
  leoflow backfill list sales --json
""",
)
@click.argument("dag_id", metavar="[DAG]", required=False)
@server_options
def list_backfills(dag_id: str | None, server: str | None, token: str | None, as_json: bool) -> None:
    """List backfills, the newest first."""
    with connected(server, token=token) as control_plane:
        found = control_plane.backfills(dag_id)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [(str(one["id"]), one["dag_id"], one["from_date"], one["to_date"], _state(one)) for one in found]
    click.echo(table(("ID", "DAG", "FROM", "TO", "STATE"), rows) if rows else "no backfills")


@backfill.command(
    epilog="""\b
Examples:
  leoflow backfill show 7
  leoflow backfill show 7 --json    with every run
"""
)
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@server_options
def show(number: int, server: str | None, token: str | None, as_json: bool) -> None:
    """Show how far a backfill is."""
    with connected(server, token=token) as control_plane:
        found = control_plane.backfill(number)
        progress = control_plane.backfill_runs(number)
    if as_json:
        click.echo(json.dumps({**found, **progress}, indent=2))
        return
    click.echo(f"backfill {number} of {found['dag_id']}\t{_state(found)}")
    counts = progress["counts"]
    rows = [(word, str(counts[word])) for word in sorted(counts)]
    click.echo(table(("RUNS", str(progress["total_entries"])), rows))


def _command(action: str, said: str) -> click.Command:
    @backfill.command(action, help=said, epilog=f"Example: leoflow backfill {action} 7")
    @click.argument("number", metavar="ID", type=click.IntRange(min=1))
    @server_options
    def change(number: int, server: str | None, token: str | None, as_json: bool) -> None:
        with connected(server, token=token) as control_plane:
            changed = control_plane.change_backfill(number, action)
        if as_json:
            click.echo(json.dumps(changed, indent=2))
        else:
            click.echo(f"backfill {number} of {changed['dag_id']}\t{_state(changed)}")

    return change


pause = _command("pause", "Make no more runs; those that run go on.")
unpause = _command("unpause", "Go on making runs.")
cancel = _command("cancel", "End a backfill: no more runs; those that run come to their end.")


def _state(one: dict[str, Any]) -> str:
    if one["completed_at"]:
        return "completed"
    return "paused" if one["is_paused"] else "active"

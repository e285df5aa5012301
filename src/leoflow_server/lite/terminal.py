"""What Lite says on the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from leoflow_server.lite.workshop import Outcome


def say(text: str) -> None:
    click.echo(text)


def fail(sentence: str) -> None:
    click.echo(f"leoflow lite: {sentence}", err=True)


def outcome(result: Outcome) -> None:
    """One line for a project; below it, what is wrong."""
    name = result.dag_id or result.folder
    milliseconds = f"{result.seconds * 1000:.0f} ms"
    if result.dag_id is None and result.problem is None:
        return
    if result.problem is None:
        what = "compiled" if result.changed else "unchanged"
        click.echo(f"  {click.style('✓', fg='green')} {name}  {what} in {milliseconds}")
        return
    mark = click.style("!" if result.dag_id else "✗", fg="yellow" if result.dag_id else "red")
    click.echo(f"  {mark} {name}  {milliseconds}")
    click.echo("\n".join(f"    {line}" for line in result.problem.splitlines()))


def welcome(*, url: str, workspace: Path, password: str | None, ui: bool) -> None:
    click.echo(f"\n{click.style('Leoflow Lite', bold=True)} is up: {click.style(url, underline=True)}")
    if password:
        click.echo(f"  login      admin  {click.style(password, bold=True)}   (shown this once)")
    else:
        click.echo("  login      admin  (password as before; `leoflow lite reset-password` makes a new one)")
    click.echo(f"  workspace  {workspace}")
    if not ui:
        click.echo("  The UI is not installed: `leoflow setup` fetches it. The API works without it.")
    click.echo("")


def open_to_others(host: str) -> None:
    click.echo(
        click.style("Warning: ", fg="yellow")
        + f"listening on {host}, not on this machine alone; passwords and data travel unencrypted.",
        err=True,
    )

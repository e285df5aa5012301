"""`leoflow explain`: the page of a diagnostic code."""

from __future__ import annotations

import click

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.catalogue import all_codes, find_code
from leoflow_compiler.diagnostics.outcome import Exit
from leoflow_compiler.diagnostics.reference import page
from leoflow_compiler.diagnostics.suggestion import did_you_mean


@click.command(
    epilog="""\b
Examples:
  leoflow explain LF007
  leoflow explain unknown-key
  leoflow explain --list
"""
)
@click.argument("code", required=False)
@click.option("--list", "listed", is_flag=True, help="All codes, one a line.")
def explain(code: str | None, listed: bool) -> None:
    """Say what a diagnostic means, why it matters and what to write instead."""
    if listed == (code is not None):
        raise click.UsageError("name one code, or use --list")
    if code is None:
        for entry in all_codes():
            click.echo(f"{entry.code}  {entry.name}: {entry.summary}")
        return
    found = find_code(code)
    if found is None:
        hint = did_you_mean(code.upper(), [entry.code for entry in all_codes()])
        raise UserError(
            f"there is no diagnostic {code!r}",
            hint=hint or "`leoflow explain --list` shows them all",
            exit_code=Exit.MISUSE,
        )
    click.echo(page(found), nl=False)

"""`leoflow graph`: what depends on what."""

from __future__ import annotations

import sys

import click

from leoflow_compiler.cli.cache import opened_cache
from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.drawing import as_dot, as_mermaid, as_text
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.options import no_cache_option
from leoflow_compiler.cli.report import verdict, write_text
from leoflow_compiler.cli.svg import as_svg
from leoflow_compiler.cli.targets import find_targets
from leoflow_compiler.diagnostics.outcome import Exit

_DRAWINGS = {"text": as_text, "mermaid": as_mermaid, "dot": as_dot, "svg": as_svg}


@click.command(
    epilog="""\b
Examples:
  leoflow graph sales
  leoflow graph sales --format mermaid
  leoflow graph sales --format svg > sales.svg
"""
)
@click.argument("path", default=".", type=click.Path())
@click.option("--format", "form", type=click.Choice(list(_DRAWINGS)), default="text", show_default=True)
@no_cache_option
def graph(path: str, form: str, no_cache: bool) -> int:
    """Draw the tasks of the project in PATH (default: here)."""
    targets = find_targets((path,))
    if len(targets) > 1:
        raise UserError(f"{path!r} holds {len(targets)} projects; name one", exit_code=Exit.MISUSE)
    result = compile_target(targets[0], opened_cache(disabled=no_cache))
    write_text([result], sys.stderr)
    if result.document is not None:
        click.echo(_DRAWINGS[form](result.document), nl=False)
    return int(verdict([result]))

"""`leoflow compile`: projects to `dag.json`."""

from __future__ import annotations

import click

from leoflow_compiler.cli.compiling import compile_paths
from leoflow_compiler.cli.options import format_option, no_cache_option


@click.command(
    "compile",
    epilog="""\b
Examples:
  leoflow compile                    the project here, to ./dag.json
  leoflow compile dags               every project below dags, each to its own dag.json
  leoflow compile sales -o -         to standard output; problems go to standard error
""",
)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write; `-` is standard output. One project only."
)
@format_option
@no_cache_option
def compile_command(paths: tuple[str, ...], output: str | None, form: str, no_cache: bool) -> int:
    """Compile projects to dag.json without executing their code.

    PATHS are project folders or workspaces (default: here). A project with problems writes nothing and leaves
    an older dag.json alone. Exit status: 0 clean, 1 problems, 2 misuse.
    """
    return compile_paths(paths, output=output, form=form, no_cache=no_cache)

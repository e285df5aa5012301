"""`leoflow validate`: everything that `compile` checks, without writing anything."""

from __future__ import annotations

import sys

import click

from leoflow_compiler.cli.compilation import compile_targets
from leoflow_compiler.cli.options import format_option, no_cache_option, opened_cache
from leoflow_compiler.cli.report import verdict, with_duplicates, write_json, write_text
from leoflow_compiler.cli.targets import find_targets


@click.command(
    epilog="""\b
Examples:
  leoflow validate                      the project here, or every project below
  leoflow validate dags/sales dags/ml   two projects
  leoflow validate --format json .      for programs
"""
)
@click.argument("paths", nargs=-1, type=click.Path())
@format_option
@no_cache_option
def validate(paths: tuple[str, ...], form: str, no_cache: bool) -> int:
    """Check projects; say nothing when they are clean.

    PATHS are project folders or workspaces (default: here). Exit status: 0 clean, 1 problems, 2 misuse.
    """
    cache = opened_cache(disabled=no_cache)
    results = with_duplicates(compile_targets(find_targets(paths), cache))
    if form == "json":
        write_json(results, sys.stdout)
    else:
        write_text(results, sys.stderr)
    return int(verdict(results))

"""`leoflow validate`: everything that `compile` checks, without writing anything."""

from __future__ import annotations

import sys

import click

from leoflow_compiler.cli.compilation import compile_targets
from leoflow_compiler.cli.options import format_option, no_cache_option, opened_cache
from leoflow_compiler.cli.report import verdict, with_duplicates, write_for_programs, write_text
from leoflow_compiler.cli.targets import find_targets


@click.command(
    epilog="""\b
Examples:
  leoflow validate                      the project here, or every project below
  leoflow validate dags/sales dags/ml   two projects
  leoflow validate --format sarif .     for programs
  leoflow validate --diff               what `--fix` would write
"""
)
@click.argument("paths", nargs=-1, type=click.Path())
@format_option
@click.option("--fix", is_flag=True, help="Write Airflow 3's spelling for Airflow 2's.")
@click.option("--diff", is_flag=True, help="Show what --fix would write, and write nothing.")
@no_cache_option
def validate(paths: tuple[str, ...], form: str, fix: bool, diff: bool, no_cache: bool) -> int:
    """Check projects; say nothing when they are clean.

    PATHS are project folders or workspaces (default: here). Exit status: 0 clean, 1 problems, 2 misuse.
    """
    cache = opened_cache(disabled=no_cache)
    if fix or diff:
        from leoflow_compiler.cli.fixing import fix_targets

        fix_targets(find_targets(paths), write=not diff)
    results = with_duplicates(compile_targets(find_targets(paths), cache))
    if form == "text":
        write_text(results, sys.stderr)
    else:
        write_for_programs(results, form, sys.stdout)
    return int(verdict(results))

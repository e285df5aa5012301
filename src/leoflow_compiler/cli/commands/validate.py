"""`leoflow validate`: everything that `compile` checks, without writing anything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from leoflow_compiler.cli.cache import opened_cache
from leoflow_compiler.cli.compilation import Compiled, compile_targets
from leoflow_compiler.cli.options import format_option, no_cache_option
from leoflow_compiler.cli.report import verdict, with_duplicates, write_for_programs, write_text
from leoflow_compiler.cli.targets import find_targets


@click.command(
    epilog="""\b
Examples:
  leoflow validate                      the project here, or every project below
  leoflow validate dags/sales dags/ml   two projects
  leoflow validate --format sarif .     for programs
  leoflow validate --diff               what `--fix` would write
  leoflow validate --airflow dags       a plain Airflow repository
"""
)
@click.argument("paths", nargs=-1, type=click.Path())
@format_option
@click.option("--fix", is_flag=True, help="Write Airflow 3's spelling for Airflow 2's.")
@click.option("--diff", is_flag=True, help="Show what --fix would write, and write nothing.")
@click.option(
    "--airflow",
    type=click.Path(path_type=Path),
    help="Check a plain folder of Airflow DAGs.",
)
@click.option("--strict", is_flag=True, help="Warnings are problems too.")
@no_cache_option
def validate(
    paths: tuple[str, ...],
    form: str,
    fix: bool,
    diff: bool,
    airflow: Path | None,
    strict: bool,
    no_cache: bool,
) -> int:
    """Check projects; say nothing when they are clean.

    PATHS are project folders, workspaces (default: here), or files that have changed: each stands for the
    project that it belongs to. Exit status: 0 clean, 1 problems, 2 misuse.
    """
    if diff and form != "text":
        raise click.UsageError("--diff writes text; leave --format out")
    if airflow is not None:
        if fix or diff:
            raise click.UsageError("--fix and --diff are for projects; see `leoflow migrate`")
        if paths:
            raise click.UsageError("--airflow names the one folder that is checked")
        return _validate_airflow(airflow, form, strict=strict)
    cache = opened_cache(disabled=no_cache)
    if fix or diff:
        from leoflow_compiler.cli.fixing import fix_targets

        fix_targets(find_targets(paths), write=not diff)
    results = with_duplicates(compile_targets(find_targets(paths), cache))
    _write(results, form)
    fixable = sum(item.fixable for result in results for item in result.diagnostics)
    if form == "text" and fixable and not fix:
        fix_it = f"`leoflow validate --fix` fixes {fixable} of them, `--diff` shows how before"
        click.echo(fix_it, err=True)
    return int(verdict(results, strict=strict))


def _validate_airflow(folder: Path, form: str, *, strict: bool) -> int:
    from leoflow_compiler.cli.airflow_folder import as_results, check_folder, count

    checked = check_folder(folder)
    results = as_results(folder, str(folder), checked)
    _write(results, form)
    click.echo(count(checked), err=True)
    return int(verdict(results, strict=strict))


def _write(results: Sequence[Compiled], form: str) -> None:
    if form == "text":
        write_text(results, sys.stderr)
    else:
        write_for_programs(results, form, sys.stdout)

"""`leoflow validate --fix` and `--diff`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.targets import Target
from leoflow_compiler.fix.project import FixRefused, Rewrite, rewrites_of
from leoflow_compiler.project import load_project


def fix_targets(targets: Sequence[Target], *, write: bool) -> None:
    """Writes what has an exact new spelling, or prints it as a diff. Raises UserError where that fails."""
    for target in targets:
        project, _ = load_project(target.folder)
        if project is None:
            continue  # said by the check that follows
        try:
            rewrites = rewrites_of(project)
        except FixRefused as refused:
            click.echo(f"{target.label}: not fixed: {refused}", err=True)
            continue
        for rewrite in rewrites:
            _apply(rewrite, target, write=write)


def _apply(rewrite: Rewrite, target: Target, *, write: bool) -> None:
    if not write:
        click.echo(rewrite.diff(target.prefix), nl=False)
        return
    try:
        rewrite.write()
    except OSError as error:
        raise UserError(f"{str(rewrite.file)!r} cannot be written: {error.strerror}") from error
    click.echo(f"fixed {target.prefix}{rewrite.path}", err=True)

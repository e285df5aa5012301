"""`leoflow migrate`: an Airflow repository as Leoflow projects, and a report."""

from __future__ import annotations

from pathlib import Path

import click

from leoflow_compiler.cli.airflow_folder import check_folder
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit
from leoflow_compiler.migrate.projects import TargetTaken, plan, write
from leoflow_compiler.migrate.report import as_json, as_markdown, as_text
from leoflow_compiler.project.airflow_folder import AirflowFolder

_REPORTS = {"text": as_text, "markdown": as_markdown, "json": as_json}


@click.command(
    epilog="""\b
Examples:
  leoflow migrate dags                          a report, nothing is written
  leoflow migrate dags --out projects           one project for each DAG that compiles
  leoflow migrate dags --format markdown > report.md
"""
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where the projects are written.")
@click.option("--python", default="3.11", show_default=True, help="Their `python_version`.")
@click.option("--format", "form", type=click.Choice(list(_REPORTS)), default="text", show_default=True)
def migrate(folder: Path, out: Path | None, python: str, form: str) -> int:
    """Compile every DAG of the Airflow DAGs FOLDER and say how well; with --out, write projects.

    The folder is only read. Exit status: 0 all compile, 1 some do not, 2 misuse.
    """
    checked = check_folder(folder)
    airflow = AirflowFolder.of(folder)
    if out is not None and out.resolve().is_relative_to(airflow.root):
        message = f"{str(out)!r} lies in {str(folder)!r}, which is only read"
        raise UserError(message, exit_code=Exit.MISUSE)
    migrated = plan(airflow, [(one.path, one.compiled) for one in checked])
    click.echo(_REPORTS[form](migrated), nl=False)
    if out is not None:
        try:
            number = write(airflow, migrated, out, python)
        except TargetTaken as taken:
            hint = "name another --out, or remove the folder"
            raise UserError(
                f"{str(taken.folder)!r} is there already", hint=hint, exit_code=Exit.MISUSE
            ) from None
        except OSError as error:
            raise UserError(f"{error.filename!r} cannot be written: {error.strerror}") from error
        click.echo(f"wrote {number} projects to {out}", err=True)
    return int(any(one.outcome == "declined" for one in migrated))

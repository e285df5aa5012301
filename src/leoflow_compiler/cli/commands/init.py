"""`leoflow init`: a first project."""

from __future__ import annotations

import re
from pathlib import Path

import click

from leoflow_compiler.atomic import write_atomically
from leoflow_compiler.cli.errors import UserError
from leoflow_runtime.artifact.resources import resource

FILES = ("leoflow.yaml", "dag.py", ".leoflowignore")
_PLACEHOLDER = "__DAG_ID__"


@click.command(
    epilog="""\b
Examples:
  leoflow init hello            a new folder
  leoflow init dags/sales       its last part becomes the dag_id
  leoflow init .                here
"""
)
@click.argument("path", type=click.Path())
def init(path: str) -> None:
    """Create a project in PATH: leoflow.yaml, dag.py and .leoflowignore. Never overwrites a file."""
    folder = Path(path)
    dag_id = _dag_id(folder.resolve().name)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{path!r} is a file")
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        raise UserError(f"{path!r} already has {' and '.join(taken)}; nothing was written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            # A leading dot would hide the template from packaging tools.
            text = resource(f"templates/init/{name.removeprefix('.')}").read_text("utf-8")
            write_atomically(folder / name, text.replace(_PLACEHOLDER, dag_id).encode())
    except OSError as error:
        raise UserError(f"{path!r} cannot be written: {error.strerror}") from error
    click.echo(f"Created the project {dag_id} in {path}")
    click.echo(f"Next: leoflow compile {path}")


def _dag_id(name: str) -> str:
    """The folder's name as an id: what Airflow does not allow in one becomes `_`."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._-")[:250]
    if not cleaned:
        raise UserError(f"no dag_id can be made from the folder name {name!r}; choose another")
    return cleaned

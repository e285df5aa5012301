"""`leoflow setup`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from leoflow_server.ui_assets.fetching import SetupFailed, fetch
from leoflow_server.ui_assets.layout import VERSION, installed, ui_folder


@click.command()
@click.option(
    "--wheel",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take this wheel of apache-airflow-core instead of downloading it.",
)
@click.option(
    "--ui-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to put it (default: LEOFLOW_UI_DIR, or ui/ in LEOFLOW_HOME).",
)
def setup(wheel: Path | None, ui_dir: Path | None) -> None:
    """Fetch the web UI: Airflow's own build, out of Airflow's wheel.

    It comes through your package index, is verified by its sha256, and stays under Airflow's licence,
    which is kept beside it. Done once; without it the API works all the same.
    """
    place = ui_dir or default_ui_dir()
    if installed(place):
        click.echo(f"The UI of Airflow {VERSION} is installed already in {ui_folder(place)}.")
        return
    try:
        with progress_bar(f"Fetching the UI of Airflow {VERSION}") as progress:
            folder = fetch(place, wheel=wheel, progress=progress)
    except SetupFailed as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    click.echo(f"The UI of Airflow {VERSION} is installed in {folder}.")


def default_ui_dir() -> Path:
    """`LEOFLOW_UI_DIR`, or `ui` in `LEOFLOW_HOME` (`~/.leoflow`)."""
    given = os.environ.get("LEOFLOW_UI_DIR")
    if given:
        return Path(given).expanduser()
    return Path(os.environ.get("LEOFLOW_HOME") or "~/.leoflow").expanduser() / "ui"


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Shows bytes as they come on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)

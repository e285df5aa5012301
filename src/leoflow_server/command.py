"""`leoflow server start|migrate|clean`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from leoflow_server.settings import Settings, SettingsInvalid, database_url, resolve


def _fail(sentence: str, code: int) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)


@click.group()
def server() -> None:
    """Run a control plane without Lite."""


_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="LEOFLOW_SERVER_CONFIG",
    help="A YAML file with settings.",
)
_DATABASE = click.option(
    "--database-url",
    metavar="URL",
    help="postgresql://USER@HOST/DATABASE or sqlite:///FILE; without a password, which comes from "
    "LEOFLOW_DATABASE_PASSWORD(_FILE) or PGPASSFILE. [default: sqlite in the home folder]",
)
_HOME = click.option("--home", type=click.Path(path_type=Path), help="Folder of all state.")


@server.command()
@_CONFIG
@_HOME
@_DATABASE
@click.option(
    "--role",
    type=click.Choice(["all", "api", "planner"]),
    help="What this replica does: everything; API, UI and agents alone; planning without API and UI. "
    "[default: all]",
)
@click.option("--host", help="Address of the API and UI. [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port of the API and UI. [default: 8080]")
@click.option("--grpc-host", help="Address for agents. [default: 127.0.0.1]")
@click.option("--grpc-port", type=int, help="Port for agents. [default: 9091]")
@click.option("--metrics-host", help="Address for metrics. [default: 127.0.0.1]")
@click.option("--metrics-port", type=int, help="Port for metrics. [default: 9090]")
@click.option(
    "--executor",
    type=click.Choice(["subprocess", "kubernetes"]),
    help="Where tasks run: on this machine, or in a pod each. [default: subprocess]",
)
@click.option("--log-format", type=click.Choice(["auto", "json", "text"]))
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
def start(config: Path | None, **flags: Any) -> None:
    """Start the control plane: API, UI, planner, agents' service.

    Secrets are read from LEOFLOW_ADMIN_PASSWORD, LEOFLOW_JWT_SECRET and LEOFLOW_ENCRYPTION_KEY, from
    files named by the same with _FILE, or from the configuration file.
    """
    try:
        settings = resolve(flags, file=config)
    except SettingsInvalid as error:
        _fail(str(error), 2)
    _start(settings)


def _start(settings: Settings) -> None:
    from leoflow_server.application import CannotStart, run
    from leoflow_server.observe import set_up_logging
    from leoflow_server.store import StoreError

    set_up_logging(settings.log_format, settings.log_level)
    try:
        run(settings)
    except (CannotStart, StoreError) as error:
        _fail(str(error), 1)


@server.command()
@_CONFIG
@_HOME
@_DATABASE
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 where steps are missing.")
def migrate(config: Path | None, check: bool, **flags: Any) -> None:
    """Bring the database up to this version of Leoflow. Again, or twice at once, does nothing more.

    \b
    leoflow server migrate --database-url postgresql://leoflow@db.example.com/leoflow
    leoflow server migrate --check
    """
    from leoflow_server.store import StoreError
    from leoflow_server.store import migrations as steps

    try:
        url = database_url(flags, file=config)
        if check:
            missing = steps.pending(url)
            for migration in missing:
                click.echo(f"missing {migration.version:04d} {migration.name}")
            if missing:
                _fail("The database is not up to date: run `leoflow server migrate`.", 1)
            click.echo("The database is up to date.")
            return
        applied = steps.migrate(
            url,
            applying=lambda step: click.echo(f"applying {step.version:04d} {step.name}"),
            waiting=lambda: click.echo("Waiting for another process that writes or migrates …", err=True),
        )
    except SettingsInvalid as error:
        _fail(str(error), 2)
    except StoreError as error:
        _fail(str(error), 1)
    click.echo(f"applied {len(applied)}" if applied else "The database is up to date.")


@server.command()
@_CONFIG
@_HOME
@_DATABASE
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def clean(config: Path | None, dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Remove now what is older than the retention_… settings allow; a running server does so by itself.

    \b
    LEOFLOW_RETENTION_RUNS_DAYS=90 leoflow server clean --dry-run
    """
    from leoflow_server.application import CannotStart, clean_once
    from leoflow_server.store import StoreError

    try:
        settings = resolve(flags, file=config)
        removed = clean_once(settings, dry_run=dry_run, told=_progress(quiet=as_json or dry_run))
    except SettingsInvalid as error:
        _fail(str(error), 2)
    except (CannotStart, StoreError, OSError) as error:
        _fail(str(error), 1)
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, "removed": removed}))
        return
    if not removed:
        click.echo("No retention_… setting names an age: everything is kept.")
    for what, count in removed.items():
        click.echo(f"{'would remove' if dry_run else 'removed'} {count:,} {_WHAT[what]}")


_WHAT = {
    "runs": "runs with their tasks, XComs and logs",
    "logs": "logs of runs",
    "xcoms": "XComs",
    "audit": "rows of the audit log",
    "deployments": "entries of the history of deployments",
}


def _progress(*, quiet: bool) -> Callable[[str, int], None]:
    """A line for each batch where somebody looks."""

    def told(what: str, count: int) -> None:
        if not quiet and sys.stderr.isatty():
            click.echo(f"… {count:,} {_WHAT[what]}", err=True)

    return told

"""`leoflow lite`: the group member that starts everything on one machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_PORT = click.IntRange(0, 65535)


class _StartsByDefault(click.Group):
    """`leoflow lite FOLDER` starts; a known word in its place is a command of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["start", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_StartsByDefault)
def lite() -> None:
    """Run Leoflow on this machine: compile, schedule, run and show the DAGs of one folder.

    \b
    leoflow lite                    the workspace ~/leoflow, on http://127.0.0.1:8088
    leoflow lite ./dags --port 9000
    leoflow lite reset-password

    `leoflow lite start --help` lists the options.
    """


@lite.command()
@click.argument("workspace", required=False, type=click.Path(path_type=Path))
@click.option("--port", type=_PORT, default=8088, show_default=True, help="Of UI and API; 0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--grpc-port", type=_PORT, help="Of the agent's wire.  [default: port + 1011]")
@click.option("--metrics-port", type=_PORT, help="Of Prometheus metrics.  [default: port + 1010]")
@click.option(
    "--database-url",
    metavar="URL",
    help="PostgreSQL in place of SQLite, or $LEOFLOW_DATABASE_URL; the password comes from "
    "LEOFLOW_DATABASE_PASSWORD(_FILE) or PGPASSFILE.",
)
@click.option("--setup/--no-setup", default=None, help="Fetch a missing UI.  [default: on a terminal]")
def start(
    workspace: Path | None,
    port: int,
    host: str,
    grpc_port: int | None,
    metrics_port: int | None,
    database_url: str | None,
    setup: bool | None,
) -> None:
    """Start Leoflow Lite on WORKSPACE (default: ~/leoflow) and keep it running until Ctrl-C."""
    from leoflow_server.lite.start import Options, main

    options = Options(
        workspace=workspace,
        host=host,
        port=port,
        grpc_port=_beside(port, 1011) if grpc_port is None else grpc_port,
        metrics_port=_beside(port, 1010) if metrics_port is None else metrics_port,
        database_url=database_url,
        setup=sys.stdout.isatty() if setup is None else setup,
    )
    sys.exit(main(options))


@lite.command("reset-password")
def reset_password() -> None:
    """Give `admin` a new password and print it; every older login is void. Lite may be running."""
    from leoflow_server.lite.password import main

    sys.exit(main())


def _beside(port: int, distance: int) -> int:
    """A port that belongs to `port`; 0 where there is none."""
    return port + distance if 0 < port <= 65535 - distance else 0

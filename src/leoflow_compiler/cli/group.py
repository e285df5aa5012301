"""The group of commands, as click reads it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.lazy import LazyCommand, LazyGroup
from leoflow_compiler.diagnostics.outcome import Exit

_COMMANDS = "leoflow_compiler.cli.commands"
COMMANDS = {
    "artifact": LazyCommand(
        target=f"{_COMMANDS}.artifact:artifact", summary="Look at artifacts in registries and move them."
    ),
    "auth": LazyCommand(target=f"{_COMMANDS}.auth:auth", summary="Log in to a server, create tokens."),
    "backfill": LazyCommand(
        target=f"{_COMMANDS}.backfill:backfill", summary="Run a DAG for a range of its past."
    ),
    "build": LazyCommand(target=f"{_COMMANDS}.build:build", summary="Build a project's image."),
    "channels": LazyCommand(
        target=f"{_COMMANDS}.channels:channels", summary="Let DAGs follow tags in a registry."
    ),
    "compile": LazyCommand(
        target=f"{_COMMANDS}.compile:compile_command", summary="Compile projects to dag.json."
    ),
    "dags": LazyCommand(target=f"{_COMMANDS}.dags:dags", summary="List, pause, unpause, delete DAGs."),
    "deploy": LazyCommand(
        target=f"{_COMMANDS}.deploy:deploy", summary="Build, push, pin and register a project."
    ),
    "diff": LazyCommand(target=f"{_COMMANDS}.diff:diff", summary="Say what a change does to a DAG."),
    "explain": LazyCommand(target=f"{_COMMANDS}.explain:explain", summary="Explain a diagnostic code."),
    "graph": LazyCommand(target=f"{_COMMANDS}.graph:graph", summary="Draw the tasks of a DAG."),
    "init": LazyCommand(target=f"{_COMMANDS}.init:init", summary="Create a project."),
    "lock": LazyCommand(target=f"{_COMMANDS}.lock:lock", summary="Pin the base image and every package."),
    "migrate": LazyCommand(
        target=f"{_COMMANDS}.migrate:migrate", summary="Turn an Airflow DAGs folder into projects."
    ),
    "promote": LazyCommand(
        target=f"{_COMMANDS}.versions:promote", summary="Hand a version on to a server or a tag."
    ),
    "push": LazyCommand(target=f"{_COMMANDS}.push:push", summary="Register a dag.json with a server."),
    "rollback": LazyCommand(
        target=f"{_COMMANDS}.versions:rollback", summary="Make an earlier version current again."
    ),
    "runs": LazyCommand(target=f"{_COMMANDS}.runs:runs", summary="Trigger and follow DAG runs."),
    "schedule": LazyCommand(target=f"{_COMMANDS}.schedule:schedule", summary="Show when a DAG will run."),
    "sign": LazyCommand(target=f"{_COMMANDS}.signing:sign", summary="Sign an artifact and its image."),
    "simulate": LazyCommand(
        target=f"{_COMMANDS}.simulate:simulate", summary="Say what DAGs would do in the coming days."
    ),
    "validate": LazyCommand(
        target=f"{_COMMANDS}.validate:validate", summary="Check projects; silent when clean."
    ),
    "verify": LazyCommand(
        target=f"{_COMMANDS}.signing:verify", summary="Check who signed an artifact, and rebuild it."
    ),
    "versions": LazyCommand(
        target=f"{_COMMANDS}.versions:versions", summary="List the versions of a DAG on a server."
    ),
    "version": LazyCommand(target=f"{_COMMANDS}.version:version", summary="Show the version."),
}
PLUGIN_SUMMARIES = {
    "lite": "Run everything on this machine: compile, schedule, execute, show.",
    "server": "Run or migrate a control plane.",
    "setup": "Fetch what the server needs, such as the UI.",
}


@click.command(
    cls=LazyGroup,
    commands_by_name=COMMANDS,
    plugins="leoflow.commands",
    plugin_summaries=PLUGIN_SUMMARIES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `leoflow init hello`, then `leoflow compile hello`.",
)
@click.version_option(package_name="leoflow", prog_name="leoflow", message="%(prog)s %(version)s")
def cli() -> None:
    """Compile Airflow-dialect DAGs without executing them, and run them."""


def run(argv: Sequence[str] | None) -> object:
    """What one command returns. Raises UserError also for what click refuses."""
    try:
        return cli.main(args=argv, prog_name="leoflow", standalone_mode=False)
    except click.ClickException as error:
        hint = None
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"`{error.ctx.command_path} --help` shows what it takes"
        message = error.format_message().rstrip(".")
        raise UserError(message, hint=hint, exit_code=Exit.MISUSE) from error
    except click.Abort:
        raise KeyboardInterrupt from None

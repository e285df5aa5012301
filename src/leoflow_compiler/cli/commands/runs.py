"""`leoflow runs`: triggering, watching and reading the runs of a DAG."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.commands.runs_explain import explain
from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.inputs import json_object, moment
from leoflow_compiler.cli.run_output import print_line, run_table, task_table
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.client.control_plane import ControlPlane, Json

LATEST = "latest"


@click.group()
def runs() -> None:
    """Trigger and follow DAG runs."""


runs.add_command(explain)


@runs.command(
    epilog="""\b
Examples:
  leoflow runs trigger sales
  leoflow runs trigger sales --conf '{"day": "2026-01-31"}' --wait
  leoflow runs trigger sales --conf @conf.json --follow --timeout 600
"""
)
@click.argument("dag_id", metavar="DAG")
@click.option(
    "--conf", metavar="JSON|@FILE", help="Parameters of the run: a JSON object, or a file that holds one."
)
@click.option("--run-id", metavar="ID", help="Else the server chooses.")
@click.option("--logical-date", metavar="TIME", help="ISO 8601 with an offset, such as 2026-01-31T00:00:00Z.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit status 1 when the run failed.")
@click.option("--follow", is_flag=True, help="Print the logs as they come, and wait.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait at most.")
@server_options
def trigger(
    dag_id: str,
    conf: str | None,
    run_id: str | None,
    logical_date: str | None,
    wait: bool,
    follow: bool,
    timeout: float | None,
    server: str | None,
    token: str | None,
    as_json: bool,
) -> int:
    """Start a run."""
    if timeout is not None and not (wait or follow):
        raise click.UsageError("--timeout only makes sense with --wait or --follow")
    given = json_object(conf) if conf is not None else {}
    when = moment(logical_date) if logical_date is not None else None
    with connected(server, token=token) as control_plane:
        run = control_plane.trigger(dag_id, conf=given, run_id=run_id, logical_date=when)
        if not (wait or follow):
            _print_run(run, as_json)
            return int(Exit.CLEAN)
        if not as_json:
            click.echo(f"Triggered {run['dag_run_id']}", err=True)
            if control_plane.dag(dag_id).get("is_paused"):
                click.echo(f"note: {dag_id} is paused; `leoflow dags unpause {dag_id}` lets it run", err=True)
        run = _awaited(control_plane, run, timeout=timeout, follow=follow, as_json=as_json)
        _print_run(run, as_json)
        return _verdict(run)


@runs.command(
    epilog="""\b
Examples:
  leoflow runs status sales           the newest run
  leoflow runs status sales RUN_ID
"""
)
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="[RUN]", required=False)
@server_options
def status(dag_id: str, run_id: str | None, server: str | None, token: str | None, as_json: bool) -> None:
    """Show the state of a run and of its tasks (default: the newest run)."""
    with connected(server, token=token) as control_plane:
        run = _chosen(control_plane, dag_id, run_id)
        tasks = control_plane.task_instances(dag_id, run["dag_run_id"])
    if as_json:
        click.echo(json.dumps({**run, "task_instances": tasks}, indent=2))
        return
    click.echo(f"{run['dag_run_id']}\t{run['state']}")
    if tasks:
        click.echo(task_table(tasks))


@runs.command(
    "list",
    epilog="""\b
Examples:
  leoflow runs list sales
  leoflow runs list sales --limit 100 --json
""",
)
@click.argument("dag_id", metavar="DAG")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@server_options
def list_runs(dag_id: str, limit: int, server: str | None, token: str | None, as_json: bool) -> None:
    """List the runs of a DAG, the newest first."""
    with connected(server, token=token) as control_plane:
        found = control_plane.runs(dag_id, limit=limit)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(run_table(found) if found else f"{dag_id} has no runs")


@runs.command(
    epilog="""\b
Examples:
  leoflow runs logs sales latest                all tasks of the newest run
  leoflow runs logs sales RUN_ID load --try 2   one try of one task
  leoflow runs logs sales latest --follow       until the run ends
"""
)
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="RUN")
@click.argument("task_id", metavar="[TASK]", required=False)
@click.option("--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--try", "try_number", type=click.IntRange(min=1), metavar="N", help="Only this try.")
@server_options
def logs(
    dag_id: str,
    run_id: str,
    task_id: str | None,
    follow: bool,
    try_number: int | None,
    server: str | None,
    token: str | None,
    as_json: bool,
) -> int:
    """Print the logs of a run; RUN may be `latest`."""
    from leoflow_compiler.client.follow import Clock, LogReader, last_lines, wait_for_run

    with connected(server, token=token) as control_plane:
        run = _chosen(control_plane, dag_id, run_id)
        name = run["dag_run_id"]
        reader = LogReader(
            server=control_plane, dag_id=dag_id, run_id=name, task_id=task_id, try_number=try_number
        )

        def print_new(_: Json) -> None:
            for line in reader.new_lines():
                print_line(line, as_json=as_json, with_task=task_id is None)

        if not follow:
            print_new(run)
            return int(Exit.CLEAN)
        clock = Clock()
        run = wait_for_run(control_plane, dag_id, name, timeout=None, clock=clock, each_time=print_new)
        for line in last_lines(reader, clock=clock):
            print_line(line, as_json=as_json, with_task=task_id is None)
        return _verdict(run)


def _awaited(
    control_plane: ControlPlane, run: Json, *, timeout: float | None, follow: bool, as_json: bool
) -> Json:
    from leoflow_compiler.client.follow import Clock, LogReader, last_lines, wait_for_run

    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    reader = LogReader(server=control_plane, dag_id=dag_id, run_id=run_id)

    def look(_: Json) -> None:
        if follow:
            for line in reader.new_lines():
                print_line(line, as_json=as_json, with_task=True)

    clock = Clock()
    ended = wait_for_run(control_plane, dag_id, run_id, timeout=timeout, clock=clock, each_time=look)
    for line in last_lines(reader, clock=clock) if follow else ():
        print_line(line, as_json=as_json, with_task=True)
    return ended


def _chosen(control_plane: ControlPlane, dag_id: str, run_id: str | None) -> Json:
    if run_id is None or run_id == LATEST:
        return control_plane.latest_run(dag_id)
    return control_plane.run(dag_id, run_id)


def _print_run(run: dict[str, Any], as_json: bool) -> None:
    click.echo(json.dumps(run) if as_json else f"{run['dag_run_id']}\t{run['state']}")


def _verdict(run: dict[str, Any]) -> int:
    return int(Exit.PROBLEMS if run.get("state") == "failed" else Exit.CLEAN)

"""`leoflow runs explain`: what the tasks of a run wait for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.run_output import task_name

if TYPE_CHECKING:
    from leoflow_compiler.client.control_plane import ControlPlane, Json

_LATEST = "latest"
_MOST = 50  # task instances that are asked about, when none is named
_OVER = ("success", "failed", "skipped", "upstream_failed", "removed")


@click.command(
    epilog="""\b
Examples:
  leoflow runs explain sales latest           every task that has not begun
  leoflow runs explain sales RUN_ID load
  leoflow runs explain sales latest load --map-index 3 --json
"""
)
@click.argument("dag_id", metavar="DAG")
@click.argument("run_id", metavar="RUN")
@click.argument("task_id", metavar="[TASK]", required=False)
@click.option("--map-index", type=click.IntRange(min=0), metavar="N", help="Of a mapped task.")
@server_options
def explain(
    dag_id: str,
    run_id: str,
    task_id: str | None,
    map_index: int | None,
    server: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Say why tasks of a run are not running; RUN may be `latest`."""
    if map_index is not None and task_id is None:
        raise click.UsageError("--map-index needs a TASK")
    with connected(server, token=token) as control_plane:
        run = control_plane.latest_run(dag_id) if run_id == _LATEST else control_plane.run(dag_id, run_id)
        instances = control_plane.task_instances(dag_id, run["dag_run_id"])
        chosen = _chosen(instances, task_id, map_index)
        explained = [_explained(control_plane, run, one) for one in chosen[:_MOST]]
    if task_id is not None and not chosen:
        raise click.UsageError(f"run {run['dag_run_id']!r} has no task instance {task_id!r} like that")
    if as_json:
        click.echo(json.dumps(explained, indent=2))
        return
    click.echo(f"{run['dag_run_id']}\t{run['state']}")
    for one in explained:
        _print(one)
    if len(chosen) > _MOST:
        click.echo(f"… and {len(chosen) - _MOST} more task instances; name a task to see them")
    if not explained:
        click.echo("Every task has come to its end.")


def _chosen(instances: Sequence[Json], task_id: str | None, map_index: int | None) -> list[Json]:
    if task_id is None:
        return [one for one in instances if one.get("state") not in _OVER]
    return [
        one
        for one in instances
        if one["task_id"] == task_id and (map_index is None or one.get("map_index", -1) == map_index)
    ]


def _explained(control_plane: ControlPlane, run: Json, instance: Json) -> dict[str, Any]:
    task_id, map_index = instance["task_id"], instance.get("map_index", -1)
    return {
        "task_id": task_id,
        "map_index": map_index,
        "state": instance.get("state"),
        "waits_for": control_plane.dependencies(run["dag_id"], run["dag_run_id"], task_id, map_index),
    }


def _print(explained: dict[str, Any]) -> None:
    name, state = task_name(explained["task_id"], explained["map_index"]), explained["state"] or "not begun"
    waits_for = explained["waits_for"]
    click.echo(f"{name}  {state}" + ("" if waits_for else "  waits for nothing"))
    for one in waits_for:
        click.echo(f"  {one['name']}: {one['reason']}")

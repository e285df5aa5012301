"""`leoflow simulate`: what DAGs would do under limits, before anybody deploys them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.cache import opened_cache
from leoflow_compiler.cli.compilation import compile_targets
from leoflow_compiler.cli.documents import read_document
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.inputs import moment
from leoflow_compiler.cli.options import no_cache_option
from leoflow_compiler.cli.report import write_text
from leoflow_compiler.cli.targets import find_targets
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_runtime.engine.simulator import Durations, Simulation

_MOST_DAYS = 3660


@click.command(
    epilog="""\b
Examples:
  leoflow simulate sales
  leoflow simulate dags --days 30 --pool warehouse=4
  leoflow simulate sales/dag.json --durations durations.json --max-active-runs 1
  leoflow simulate sales --from 2026-10-24T00:00:00Z --json
"""
)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--days", type=click.FloatRange(0, _MOST_DAYS), default=7.0, show_default=True)
@click.option("--from", "start", metavar="TIME", help="When it begins (ISO 8601; default: now).")
@click.option(
    "--durations", metavar="FILE", help='JSON: seconds by task, such as {"load": [60, 120], "*": 30}.'
)
@click.option("--pool", "pools", multiple=True, metavar="NAME=SLOTS", help="May be given again.")
@click.option("--max-active-runs", type=click.IntRange(min=1), metavar="N", help="Instead of each DAG's own.")
@click.option(
    "--max-active-tasks", type=click.IntRange(min=1), metavar="N", help="Instead of each DAG's own."
)
@click.option(
    "--start-seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="From the order for a task to its first line, such as 5 for pods.",
)
@click.option("--seed", type=int, default=0, help="Draws other durations and failures.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@no_cache_option
def simulate(
    paths: tuple[str, ...],
    days: float,
    start: str | None,
    durations: str | None,
    pools: tuple[str, ...],
    max_active_runs: int | None,
    max_active_tasks: int | None,
    start_seconds: float,
    seed: int,
    as_json: bool,
    no_cache: bool,
) -> int:
    """Say what the DAGs in PATHS (default: here) would do in the coming days.

    Each path is a project, a folder of projects or a dag.json. The server's own planner runs them on virtual
    time; nothing of the projects is executed. A DAG without a schedule runs once, at the beginning.
    """
    from leoflow_compiler.cli.forecast_output import as_lines, as_record
    from leoflow_runtime.engine.simulator import Simulation, forecast

    limits = {"max_active_runs": max_active_runs, "max_active_tasks": max_active_tasks}
    given = {name: value for name, value in limits.items() if value is not None}
    documents = [{**document, **given} for document in _documents(paths, no_cache)]
    slots = _slots(pools)
    began = datetime.fromisoformat(moment(start)) if start is not None else datetime.now(UTC)
    simulation = Simulation(
        start=began.astimezone(UTC),
        durations=_durations(durations, documents, seed),
        pools={**_pools_named(documents), **slots},
        start_seconds=start_seconds,
    )
    _begin(simulation, documents)
    simulation.run(simulation.start + timedelta(days=days))
    shown = forecast(simulation)
    click.echo(json.dumps(as_record(shown), indent=2) if as_json else "\n".join(as_lines(shown)))
    return int(Exit.CLEAN)


def _documents(paths: Sequence[str], no_cache: bool) -> list[dict[str, Any]]:
    files = [path for path in paths if path.endswith(".json") and Path(path).is_file()]
    folders = [path for path in paths if path not in files]
    documents = [read_document(Path(path)) for path in files]
    if folders or not files:
        results = compile_targets(find_targets(folders), opened_cache(disabled=no_cache))
        wrong = [result for result in results if result.document is None]
        if wrong:
            write_text(wrong, sys.stderr)
            raise UserError(f"{len(wrong)} of {len(results)} projects do not compile")
        documents += [result.document for result in results if result.document is not None]
    ids = [document["dag_id"] for document in documents]
    doubled = next((dag_id for dag_id in ids if ids.count(dag_id) > 1), None)
    if doubled is not None:
        raise UserError(f"two of the DAGs are named {doubled!r}", exit_code=Exit.MISUSE)
    return documents


def _begin(simulation: Simulation, documents: Sequence[Mapping[str, Any]]) -> None:
    from leoflow_runtime.schedule import ScheduleInvalid

    for document in documents:
        try:
            simulation.register(document)
        except ScheduleInvalid as error:
            raise UserError(f"{document['dag_id']}: {error}") from error
        if document.get("schedule") is None:
            simulation.trigger(document["dag_id"])


def _slots(pools: Sequence[str]) -> dict[str, int]:
    found = {}
    for text in pools:
        name, _, slots = text.rpartition("=")
        try:
            number = int(slots)
        except ValueError:
            number = -2
        if not name or number < -1:
            raise UserError(f"--pool takes NAME=SLOTS such as db=4, not {text!r}", exit_code=Exit.MISUSE)
        found[name] = number
    return found


def _pools_named(documents: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Pools that nobody gave slots: unlimited, as far as this simulation knows."""
    named = {task.get("pool") for document in documents for task in document["tasks"]}
    named |= {document.get("default_args", {}).get("pool") for document in documents}
    return {name: -1 for name in named if name is not None and name != "default_pool"}


def _durations(file: str | None, documents: Sequence[Mapping[str, Any]], seed: int) -> Durations:
    from leoflow_runtime.engine.simulator import Durations, DurationsInvalid

    if file is None or file == "default":
        return Durations(seed=seed)
    try:
        durations = Durations.from_document(json.loads(Path(file).read_text("utf-8")), seed=seed)
    except OSError as error:
        raise UserError(f"{file!r} cannot be read: {error.strerror}", exit_code=Exit.MISUSE) from error
    except DurationsInvalid as error:
        raise UserError(f"{file!r}: {error}", exit_code=Exit.MISUSE) from error
    except ValueError as error:
        raise UserError(f"{file!r} is not JSON: {error}", exit_code=Exit.MISUSE) from error
    names = {task["task_id"] for document in documents for task in document["tasks"]}
    names |= {f"{doc['dag_id']}.{task['task_id']}" for doc in documents for task in doc["tasks"]}
    unknown = durations.unknown(names)
    if unknown:
        click.echo(f"note: {file} names no task of these DAGs: {', '.join(unknown)}", err=True)
    return durations

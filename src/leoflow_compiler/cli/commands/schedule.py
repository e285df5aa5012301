"""`leoflow schedule preview`: when a DAG will run."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from leoflow_compiler.cli.cache import opened_cache
from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.inputs import moment
from leoflow_compiler.cli.options import no_cache_option
from leoflow_compiler.cli.report import verdict, write_text
from leoflow_compiler.cli.targets import find_targets
from leoflow_compiler.cli.upcoming import next_runs
from leoflow_compiler.diagnostics.outcome import Exit
from leoflow_runtime.schedule import Slot


@click.group()
def schedule() -> None:
    """Look at schedules."""


@schedule.command(
    epilog="""\b
Examples:
  leoflow schedule preview sales
  leoflow schedule preview sales --count 20 --from 2026-10-24T00:00:00Z
  leoflow schedule preview sales --json
"""
)
@click.argument("path", default=".", type=click.Path())
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many runs.")
@click.option("--from", "start", help="As if it were then (ISO 8601; default: now).")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@no_cache_option
def preview(path: str, count: int, start: str | None, as_json: bool, no_cache: bool) -> int:
    """Show the next runs of the project in PATH (default: here), in its time zone and in UTC."""
    targets = find_targets((path,))
    if len(targets) != 1:
        raise UserError(f"{path!r} holds {len(targets)} projects; name one", exit_code=Exit.MISUSE)
    result = compile_target(targets[0], opened_cache(disabled=no_cache))
    write_text([item for item in [result] if item.document is None], sys.stderr)
    if result.document is None:
        return int(verdict([result]))
    now = datetime.fromisoformat(moment(start)) if start is not None else datetime.now(UTC)
    runs = list(next_runs(result.document, now, count))
    if as_json:
        click.echo(json.dumps(_json(result.document, runs), indent=2))
    else:
        click.echo("\n".join(_lines(result.document, runs)))
    return int(Exit.CLEAN)


def _json(document: Mapping[str, Any], runs: Sequence[Slot]) -> dict[str, Any]:
    return {
        "dag_id": document["dag_id"],
        "schedule": document.get("schedule"),
        "schedule_timezone": document.get("schedule_timezone", "UTC"),
        "runs": [
            {
                "run_after": run.run_after.isoformat(),
                "logical_date": run.logical_date.isoformat(),
                "data_interval_start": run.interval_start.isoformat(),
                "data_interval_end": run.interval_end.isoformat(),
            }
            for run in runs
        ],
    }


def _lines(document: Mapping[str, Any], runs: Sequence[Slot]) -> list[str]:
    zone = document.get("schedule_timezone", "UTC")
    lines = [f"{document['dag_id']}: {_schedule(document)}"]
    offset = None
    for run in runs:
        local = run.run_after.astimezone(ZoneInfo(zone))
        note = ""
        if offset is not None and local.utcoffset() != offset:
            note = "  clocks have changed"
        offset = local.utcoffset()
        utc = "" if zone == "UTC" else f"  ({run.run_after.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"
        lines.append(f"  {local:%a %Y-%m-%d %H:%M %Z}{utc}{note}")
    if not runs:
        lines.append(f"  {_why_none(document)}")
    return lines


def _schedule(document: Mapping[str, Any]) -> str:
    schedule = document.get("schedule")
    if schedule is None:
        return "no schedule"
    zone = document.get("schedule_timezone", "UTC")
    if isinstance(schedule, str):
        return f"{schedule} in {zone}"
    if "delta_seconds" in schedule:
        return f"every {schedule['delta_seconds']:g} seconds"
    return "by assets" if "timetable" not in schedule else f"by {schedule['timetable'].rpartition('.')[2]}"


def _why_none(document: Mapping[str, Any]) -> str:
    schedule = document.get("schedule")
    if schedule is None:
        return "it runs when somebody triggers it"
    if schedule == "@continuous":
        return "a run begins as soon as the one before has ended"
    if isinstance(schedule, Mapping) and "delta_seconds" not in schedule:
        return (
            "when its assets are updated"
            if "timetable" not in schedule
            else "this timetable is not evaluated here"
        )
    return "no run: the end date has passed"

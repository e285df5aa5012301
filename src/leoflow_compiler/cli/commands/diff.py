"""`leoflow diff`: what a change does to a DAG."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from leoflow_compiler.cli.revisions import document_of
from leoflow_compiler.cli.upcoming import next_runs
from leoflow_compiler.diff.changes import changes
from leoflow_compiler.diff.shown import as_json, as_markdown, as_text

_SHOWN = {"text": as_text, "markdown": as_markdown, "json": as_json}


@click.command(
    epilog="""\b
Examples:
  leoflow diff main:dags/sales dags/sales        a revision of git and the work tree
  leoflow diff old/dag.json dags/sales
  leoflow diff HEAD~1:. HEAD:. --format markdown
"""
)
@click.argument("before")
@click.argument("after", default=".")
@click.option("--format", "form", type=click.Choice(list(_SHOWN)), default="text", show_default=True)
def diff(before: str, after: str, form: str) -> int:
    """Say what changes from BEFORE to AFTER (default: here).

    Each is a project folder, a dag.json, or REVISION:FOLDER. Exit status: 0 the same, 1 different, 2 misuse.
    """
    old, new = document_of(before), document_of(after)
    found = changes(old, new)
    runs: list[str] = []
    if any(one.field in ("schedule", "schedule_timezone", "start_date", "catchup") for one in found):
        now = datetime.now(UTC)
        runs = [
            *(f"next run before: {run.run_after.isoformat()}" for run in next_runs(old, now, 3)),
            *(f"next run after:  {run.run_after.isoformat()}" for run in next_runs(new, now, 3)),
        ]
    click.echo(_SHOWN[form](found, runs), nl=False)
    return int(bool(found))

"""What `leoflow deploy` says: the plan before, the outcome after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.deploying import amount

if TYPE_CHECKING:
    from leoflow_compiler.deploy.deployment import Deployed
    from leoflow_compiler.deploy.plan import Plan
    from leoflow_compiler.image.report import Report


def show_plan(plan: Plan) -> None:
    """What will be done, on standard error."""
    from leoflow_compiler.diff.shown import as_text

    if plan.runs_now is None:
        state = "new to the server"
    elif plan.is_current:
        state = f"version {plan.runs_now} of the server, unchanged"
    else:
        state = f"replaces version {plan.runs_now}"
    click.echo(f"Plan: {plan.dag_id} → {plan.server} ({state})", err=True)
    for line in as_text(plan.changes).splitlines():
        click.echo(f"  {line}", err=True)
    layers = ", ".join(f"{name} {amount(size)}" for name, size in plan.to_send) or "nothing new"
    if plan.builder is not None:
        click.echo(f"  image {plan.image}, which {plan.builder.name} builds and pushes then", err=True)
    else:
        click.echo(f"  image {plan.image}, {amount(plan.image_size or 0)}; to send: {layers}", err=True)
    if plan.signed_by is not None:
        click.echo(f"  to be signed with the key {plan.signed_by}", err=True)
    _show_needs(plan)


def _show_needs(plan: Plan) -> None:
    """Connections and variables of the DAG, which no deployment carries."""
    needed = [f"{kind} {', '.join(names)}" for kind, names in sorted(plan.requires.items()) if names]
    if not needed:
        return
    click.echo(f"  needs {'; '.join(needed)}", err=True)
    if not plan.missing.is_known:
        click.echo("  whether the server has them, this login may not ask", err=True)
    for kind, missing in (("connections", plan.missing.connections), ("variables", plan.missing.variables)):
        if missing:
            click.echo(f"  missing on the server: {kind} {', '.join(missing)}", err=True)


def tell_deployed(done: Deployed, report: Report, run: dict[str, Any] | None, *, as_json: bool) -> None:
    """What there is now, on standard output."""
    plan, registration = done.plan, done.registration
    if as_json:
        shown = {
            "dag_id": plan.dag_id,
            "server": plan.server,
            "image": done.image,
            "artifact": done.artifact,
            "signed": [one.to_json() for one in done.signed],
            "version_number": registration.get("version_number"),
            "dag_version": registration.get("dag_version"),
            "created": registration.get("created"),
            "sent_bytes": report.sent,
            "seconds": {step: round(seconds, 3) for step, seconds in report.seconds.items()},
            "requires": dict(plan.requires),
            "missing": {"connections": plan.missing.connections, "variables": plan.missing.variables}
            if plan.missing.is_known
            else None,
            "notes": report.notes,
            "run": {"dag_run_id": run["dag_run_id"], "state": run["state"]} if run is not None else None,
        }
        click.echo(json.dumps(shown, indent=2))
        return
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
    steps = ", ".join(
        f"{step} {seconds:.1f} s" for step, seconds in report.seconds.items() if seconds >= 0.05
    )
    click.echo(f"Deployed {plan.dag_id} -> {plan.server}")
    click.echo(f"  image {done.image}")
    click.echo(f"  artifact {done.artifact}")
    click.echo(
        f"  registered version {registration.get('version_number')} ({registration.get('dag_version')})"
    )
    click.echo(f"  sent {amount(report.sent)}" + (f"; {steps}" if steps else ""))
    if done.signed:
        click.echo(f"  signed {', '.join(one.part.name for one in done.signed)}")
    if run is not None:
        click.echo(f"  run {run['dag_run_id']} {run['state']}")

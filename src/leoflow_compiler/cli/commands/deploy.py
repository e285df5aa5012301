"""`leoflow deploy`: from a project to a version that a server runs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from leoflow_compiler.cli.building import builder_options, chosen_tool
from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.deploying import amount, chosen_targets, compiled, image_errors
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.progress import Progressing
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.cli.targets import Target
    from leoflow_compiler.client.control_plane import ControlPlane
    from leoflow_compiler.deploy.deployment import Deployed
    from leoflow_compiler.deploy.plan import Plan
    from leoflow_compiler.deploy.registries import Registries
    from leoflow_compiler.image.builder import Image, Report
    from leoflow_compiler.image.external import ToolImage

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@click.command(
    epilog="""\b
Examples:
  leoflow deploy sales --trigger --wait      build, push, register, run once
  leoflow deploy --all --yes                 every project here, asking nothing
  leoflow deploy sales --plan sales.plan     say what would be done, and keep it
  leoflow deploy --apply sales.plan          do exactly that
"""
)
@click.argument("source", metavar="[PROJECT|DAG_ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="Every project below the current folder.")
@click.option(
    "--dag-version", metavar="TAG", help="The version's label and tag; else by registry.tag_strategy."
)
@builder_options
@click.option("--frozen", is_flag=True, help="Never change leoflow.lock; fail where it does not fit.")
@click.option("--yes", is_flag=True, help="Do not ask, also for servers on other machines.")
@click.option(
    "--plan", "plan_file", type=click.Path(dir_okay=False), metavar="FILE", help="Only write a plan."
)
@click.option(
    "--apply", "apply_file", type=click.Path(dir_okay=False), metavar="FILE", help="Carry out a plan."
)
@click.option("--trigger", is_flag=True, help="Start a run afterwards.")
@click.option("--wait", is_flag=True, help="With --trigger: wait for the run; exit status 1 when it failed.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait at most.")
@click.option(
    "--insecure-registry", is_flag=True, help="Speak plain HTTP to registries on other machines too."
)
@server_options
def deploy(
    source: str | None, everything: bool, server: str | None, token_stdin: bool, **options: Any
) -> int:
    """Compile, build and push an image, pin it by digest, and register the DAG with a server."""
    if options["wait"] and not options["trigger"]:
        raise click.UsageError("--wait only makes sense with --trigger")
    if options["apply_file"] and (source or everything or options["plan_file"]):
        raise click.UsageError("--apply takes nothing but the plan")
    from leoflow_compiler.deploy.registries import registries

    insecure = options["insecure_registry"]
    with (
        connected(server, token_stdin=token_stdin) as control_plane,
        image_errors(),
        Progressing() as progress,
        registries(os.environ, insecure=insecure, progress=progress.sent) as connect,
    ):
        options["progress"] = progress
        if options["apply_file"]:
            return _apply(Path(options["apply_file"]), control_plane, connect, options)
        targets = chosen_targets(source, everything)
        if not everything:
            return _deploy(targets[0], control_plane, connect, options)
        return _deploy_all(targets, control_plane, connect, options)


def _deploy_all(
    targets: tuple[Target, ...], control_plane: ControlPlane, connect: Registries, options: dict[str, Any]
) -> int:
    """One after the other; those that fail do not keep the others back."""
    from leoflow_compiler.client.errors import ClientError

    if options["plan_file"]:
        raise click.UsageError("a plan is of one project; leave --all out")
    failed: list[str] = []
    for target in targets:
        click.echo(f"==> deploying {target.label}", err=True)
        try:
            with image_errors():
                if _deploy(target, control_plane, connect, options) != Exit.CLEAN:
                    failed.append(target.label)
        except (UserError, ClientError) as error:
            click.echo(f"error: {error.message}", err=True)
            failed.append(target.label)
    if failed:
        raise UserError(f"{len(failed)} of {len(targets)} deploys failed: {', '.join(failed)}")
    return int(Exit.CLEAN)


def _deploy(target: Target, control_plane: ControlPlane, connect: Registries, options: dict[str, Any]) -> int:
    from leoflow_compiler.deploy.deployment import current_lock, make_plan
    from leoflow_compiler.deploy.destination import Destination, repository_of, tag_of
    from leoflow_compiler.image.builder import Report
    from leoflow_compiler.image.cache import layer_cache

    report = Report(on_step=options["progress"].step)
    with report.timed("compile"):
        project, document = compiled(target)
    config = project.config
    tag = tag_of(config, project.root, label=document["dag_version"], chosen=options["dag_version"])
    destination = Destination(repository=repository_of(config), tag=tag)
    connect.methods[destination.repository.partition("/")[0]] = config.registry.auth_method
    with report.timed("lock"):
        tool = chosen_tool(options["builder"], options["builder_arguments"])
        lock, is_new = current_lock(project, connect, frozen=options["frozen"], from_source=tool is not None)
    if is_new:
        click.echo(f"{target.label}/leoflow.lock written", err=True)
    plan, image = make_plan(
        project,
        {**document, "dag_version": tag},
        lock,
        destination,
        control_plane,
        connect=connect,
        cache=layer_cache(os.environ),
        report=report,
        tool=tool,
    )
    options["progress"].pause()
    if not options["as_json"]:
        _show(plan)
    if options["plan_file"]:
        from leoflow_compiler.atomic import write_atomically

        write_atomically(Path(options["plan_file"]), plan.to_bytes())
        click.echo(f"plan written to {options['plan_file']}", err=True)
        return int(Exit.CLEAN)
    return _carry_out(plan, image, control_plane, connect, report, options)


def _apply(file: Path, control_plane: ControlPlane, connect: Registries, options: dict[str, Any]) -> int:
    from leoflow_compiler.deploy.deployment import rebuilt
    from leoflow_compiler.deploy.plan import Plan
    from leoflow_compiler.image.builder import Report
    from leoflow_compiler.image.cache import layer_cache

    try:
        plan = Plan.from_bytes(file.read_bytes())
    except ValueError as error:
        raise UserError(f"{str(file)!r} cannot be carried out: {error}", exit_code=Exit.MISUSE) from error
    if plan.server != control_plane.server:
        raise UserError(f"the plan is for {plan.server}, not for {control_plane.server}")
    report = Report(on_step=options["progress"].step)
    image = rebuilt(plan, control_plane, connect=connect, cache=layer_cache(os.environ), report=report)
    return _carry_out(plan, image, control_plane, connect, report, options)


def _carry_out(
    plan: Plan,
    image: Image | ToolImage,
    control_plane: ControlPlane,
    connect: Registries,
    report: Report,
    options: dict[str, Any],
) -> int:
    from leoflow_compiler.deploy.deployment import carry_out

    _confirm(plan, options["yes"])
    done = carry_out(plan, image, control_plane, connect=connect, report=report)
    options["progress"].pause()
    run = (
        control_plane.trigger(plan.dag_id, conf={}, run_id=None, logical_date=None)
        if options["trigger"]
        else None
    )
    if run is not None and options["wait"]:
        from leoflow_compiler.client.follow import Clock, wait_for_run

        run = wait_for_run(
            control_plane,
            plan.dag_id,
            run["dag_run_id"],
            timeout=options["timeout"],
            clock=Clock(),
            each_time=lambda _: None,
        )
    _tell(done, report, run, options["as_json"])
    return int(Exit.PROBLEMS if run is not None and run.get("state") == "failed" else Exit.CLEAN)


def _confirm(plan: Plan, yes: bool) -> None:
    if yes or urlsplit(plan.server).hostname in _LOOPBACK:
        return
    if not sys.stdin.isatty():
        raise UserError(
            f"{plan.server} is another machine, and nobody can be asked",
            hint="add --yes",
            exit_code=Exit.MISUSE,
        )
    if not click.confirm(f"Deploy {plan.dag_id} → {plan.server}?", err=True):
        raise click.Abort


def _show(plan: Plan) -> None:
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
    click.echo(f"  image {plan.image}, {amount(plan.image_size)}; to send: {layers}", err=True)
    for kind, names in (("connections", plan.missing.connections), ("variables", plan.missing.variables)):
        if names:
            click.echo(f"  missing on the server: {kind} {', '.join(names)}", err=True)


def _tell(done: Deployed, report: Report, run: dict[str, Any] | None, as_json: bool) -> None:
    plan, registration = done.plan, done.registration
    if as_json:
        shown = {
            "dag_id": plan.dag_id,
            "server": plan.server,
            "image": done.image,
            "artifact": done.artifact,
            "version_number": registration.get("version_number"),
            "dag_version": registration.get("dag_version"),
            "created": registration.get("created"),
            "sent_bytes": report.sent,
            "seconds": {step: round(seconds, 3) for step, seconds in report.seconds.items()},
            "missing": {"connections": plan.missing.connections, "variables": plan.missing.variables},
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
    if run is not None:
        click.echo(f"  run {run['dag_run_id']} {run['state']}")

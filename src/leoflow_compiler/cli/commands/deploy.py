"""`leoflow deploy`: from a project to a version that a server runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.building import builder_options, chosen_tool
from leoflow_compiler.cli.confirming import confirm, yes_option
from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.deployed import show_plan, tell_deployed
from leoflow_compiler.cli.deploying import chosen_targets, compiled, dag_id_of, image_errors
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.keys import signing_key
from leoflow_compiler.cli.progress import Progressing
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.cli.targets import Target
    from leoflow_compiler.client.control_plane import ControlPlane
    from leoflow_compiler.deploy.plan import Plan
    from leoflow_compiler.deploy.planning import Build
    from leoflow_compiler.deploy.registries import Registries
    from leoflow_compiler.image.builder import Report
    from leoflow_runtime.oci.keys import PrivateKey


@click.command(
    epilog="""\b
Examples:
  leoflow deploy sales --trigger --wait      build, push, register, run once
  leoflow deploy --all --yes                 every project here, asking nothing
  leoflow deploy sales --plan sales.plan     say what would be done, and keep it
  leoflow deploy --apply sales.plan          do exactly that
  leoflow deploy sales --sign-key ci.key     for servers that want signatures
"""
)
@click.argument("source", metavar="[PROJECT|DAG_ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="Every project below the current folder.")
@click.option(
    "--dag-version", metavar="TAG", help="The version's label and tag; else by registry.tag_strategy."
)
@builder_options
@click.option("--frozen", is_flag=True, help="Never change leoflow.lock; fail where it does not fit.")
@yes_option
@click.option(
    "--plan", "plan_file", type=click.Path(dir_okay=False), metavar="FILE", help="Only write a plan."
)
@click.option(
    "--apply", "apply_file", type=click.Path(dir_okay=False), metavar="FILE", help="Carry out a plan."
)
@click.option(
    "--sign-key",
    metavar="FILE|env://NAME",
    help="Sign image, artifact, SBOM and provenance with this private key; else LEOFLOW_SIGNING_KEY.",
)
@click.option("--trigger", is_flag=True, help="Start a run afterwards.")
@click.option("--wait", is_flag=True, help="With --trigger: wait for the run; exit status 1 when it failed.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait at most.")
@click.option(
    "--insecure-registry", is_flag=True, help="Speak plain HTTP to registries on other machines too."
)
@server_options
def deploy(
    source: str | None, everything: bool, server: str | None, token: str | None, **options: Any
) -> int:
    """Compile, build and push an image, pin it by digest, and register the DAG with a server."""
    if options["wait"] and not options["trigger"]:
        raise click.UsageError("--wait only makes sense with --trigger")
    if options["apply_file"] and (source or everything or options["plan_file"]):
        raise click.UsageError("--apply takes nothing but the plan")
    key = signing_key(options["sign_key"])
    from leoflow_compiler.deploy.registries import registries

    insecure = options["insecure_registry"]
    with (
        connected(server, token=token) as control_plane,
        image_errors(),
        Progressing() as progress,
        registries(os.environ, insecure=insecure, progress=progress.sent) as connect,
    ):
        options |= {"progress": progress, "key": key}
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
        click.echo(f"==> deploying {dag_id_of(target) or '?'} ({target.label})", err=True)
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
    from leoflow_compiler.deploy.destination import Destination, repository_of, tag_of
    from leoflow_compiler.deploy.planning import current_lock, make_plan
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
    plan, build = make_plan(
        project,
        {**document, "dag_version": tag},
        lock,
        destination,
        control_plane,
        connect=connect,
        cache=layer_cache(os.environ),
        report=report,
        tool=tool,
        key=options["key"],
    )
    options["progress"].pause()
    if not options["as_json"]:
        show_plan(plan)
    if options["plan_file"]:
        from leoflow_compiler.atomic import write_atomically

        write_atomically(Path(options["plan_file"]), plan.to_bytes(), mode=0o600)
        click.echo(f"plan written to {options['plan_file']}", err=True)
        return int(Exit.CLEAN)
    return _carry_out(plan, build, control_plane, connect, report, options)


def _apply(file: Path, control_plane: ControlPlane, connect: Registries, options: dict[str, Any]) -> int:
    from leoflow_compiler.deploy.plan import Plan
    from leoflow_compiler.deploy.planning import rebuilt
    from leoflow_compiler.image.builder import Report
    from leoflow_compiler.image.cache import layer_cache

    try:
        plan = Plan.from_bytes(file.read_bytes())
    except ValueError as error:
        raise UserError(f"{str(file)!r} cannot be carried out: {error}", exit_code=Exit.MISUSE) from error
    if plan.server != control_plane.server:
        raise UserError(f"the plan is for {plan.server}, not for {control_plane.server}")
    if plan.signed_by not in (None, _fingerprint(options["key"])):
        raise UserError(f"the plan is to be signed with the key {plan.signed_by}", hint="add --sign-key FILE")
    report = Report(on_step=options["progress"].step)
    build = rebuilt(
        plan,
        control_plane,
        connect=connect,
        cache=layer_cache(os.environ),
        report=report,
        key=options["key"],
    )
    return _carry_out(plan, build, control_plane, connect, report, options)


def _carry_out(
    plan: Plan,
    build: Build,
    control_plane: ControlPlane,
    connect: Registries,
    report: Report,
    options: dict[str, Any],
) -> int:
    from leoflow_compiler.deploy.deployment import carry_out

    confirm(plan.server, f"Deploy {plan.dag_id} → {plan.server}?", yes=options["yes"])
    done = carry_out(plan, build, control_plane, connect=connect, report=report, key=options["key"])
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
    tell_deployed(done, report, run, as_json=options["as_json"])
    return int(Exit.PROBLEMS if run is not None and run.get("state") == "failed" else Exit.CLEAN)


def _fingerprint(key: PrivateKey | None) -> str | None:
    return key.public.fingerprint if key is not None else None

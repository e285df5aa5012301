"""`leoflow lock`: pin the base image and every package."""

from __future__ import annotations

import json
import os

import click

from leoflow_compiler.cli.building import TOOLS
from leoflow_compiler.cli.deploying import chosen_targets, image_errors
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit
from leoflow_compiler.project import load_project


@click.command(
    epilog="""\b
Examples:
  leoflow lock sales             what base image and packages stand for now
  leoflow lock sales --check     only say whether leoflow.lock fits leoflow.yaml
"""
)
@click.argument("source", metavar="[PROJECT|DAG_ID]", required=False)
@click.option(
    "--builder",
    type=click.Choice(TOOLS),
    help="Packages without a wheel too: they are built in a container.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 where a new lock is needed.")
@click.option(
    "--insecure-registry", is_flag=True, help="Speak plain HTTP to registries on other machines too."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def lock(source: str | None, builder: str | None, check: bool, insecure_registry: bool, as_json: bool) -> int:
    """Write leoflow.lock: the base image by digest, every package by version and digest."""
    from leoflow_compiler.deploy.destination import repository_of
    from leoflow_compiler.deploy.planning import current_lock
    from leoflow_compiler.deploy.registries import reference, registries
    from leoflow_compiler.image.lock import inputs_of, read_lock
    from leoflow_compiler.project.records import LOCK_FILE

    (target,) = chosen_targets(source, everything=False)
    project, problems = load_project(target.folder)
    if project is None:
        raise UserError(f"{target.label!r}: {problems[0].message}")
    with image_errors():
        if check:
            known = read_lock(project.root)
            fits = known is not None and known.inputs == inputs_of(project.config)
            if not fits:
                state = "is missing" if known is None else "does not fit leoflow.yaml any more"
                raise UserError(
                    f"{LOCK_FILE} of {project.config.dag_id!r} {state}", hint="run `leoflow lock`"
                )
            return int(Exit.CLEAN)
        with registries(os.environ, insecure=insecure_registry) as connect:
            if project.config.registry.url:
                home = reference(repository_of(project.config))
                connect.methods[home.registry] = project.config.registry.auth_method
            found, written = current_lock(project, connect, refresh=True, from_source=builder is not None)
    if as_json:
        click.echo(json.dumps({"written": written, "base": found.base, "digest": found.base_digest}))
        return int(Exit.CLEAN)
    counts = ", ".join(f"{len(packages)} packages for {name}" for name, packages in found.packages.items())
    state = "written" if written else "unchanged"
    click.echo(f"{target.label}/{LOCK_FILE} {state}: {counts} on {found.base}@{found.base_digest[:19]}…")
    return int(Exit.CLEAN)

"""`leoflow build`: a project's image, without a server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.building import builder_options, chosen_tool
from leoflow_compiler.cli.deploying import amount, chosen_targets, compiled, image_errors
from leoflow_compiler.cli.progress import Progressing
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.cli.targets import Target
    from leoflow_compiler.deploy.registries import Registries


@click.command(
    epilog="""\b
Examples:
  leoflow build sales                        the digest that the image has, and its layers
  leoflow build sales --push                 send it to the registry of leoflow.yaml
  leoflow build sales --push --builder podman
  leoflow build sales --context              only write .leoflow/build/, with its Dockerfile
"""
)
@click.argument("source", metavar="[PROJECT|DAG_ID]", required=False)
@click.option("--push", is_flag=True, help="Send it to the registry. A tool of --builder always does.")
@click.option(
    "--context", is_flag=True, help="Write the context for builds in containers, and build nothing."
)
@click.option("--dag-version", metavar="TAG", help="The image's tag; else by registry.tag_strategy.")
@builder_options
@click.option("--frozen", is_flag=True, help="Never change leoflow.lock; fail where it does not fit.")
@click.option(
    "--insecure-registry", is_flag=True, help="Speak plain HTTP to registries on other machines too."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def build(source: str | None, **options: Any) -> int:
    """Build a project's image; the same inputs give the same digest. Registers nothing."""
    from leoflow_compiler.deploy.registries import registries

    (target,) = chosen_targets(source, everything=False)
    with (
        image_errors(),
        Progressing() as progress,
        registries(os.environ, insecure=options["insecure_registry"], progress=progress.sent) as connect,
    ):
        if options["context"]:
            return _context(target, as_json=options["as_json"])
        answer = _build(target, connect, progress, options)
    if options["as_json"]:
        click.echo(json.dumps(answer, indent=2))
        return int(Exit.CLEAN)
    for note in answer["notes"]:
        click.echo(f"note: {note}", err=True)
    click.echo(f"{answer['dag_id']}: {answer['image'] or answer['digest']}, {amount(answer['size'])}")
    for layer in answer["layers"]:
        click.echo(f"  {layer['name']:<13} {amount(layer['size']):>8}  {layer['digest']}")
    if answer["image"]:
        click.echo(f"  sent {amount(answer['sent_bytes'])}")
    return int(Exit.CLEAN)


def _context(target: Target, *, as_json: bool) -> int:
    from leoflow_compiler.image.context import write_context
    from leoflow_compiler.image.lock import read_lock

    project, _ = compiled(target)
    folder = write_context(project, read_lock(project.root))
    shown = str(Path(os.path.relpath(folder)))
    click.echo(
        json.dumps({"context": shown}) if as_json else f"{shown}: build it with `docker build {shown}`"
    )
    return int(Exit.CLEAN)


def _build(
    target: Target, connect: Registries, progress: Progressing, options: dict[str, Any]
) -> dict[str, Any]:
    from leoflow_compiler.deploy.destination import repository_of, tag_of
    from leoflow_compiler.deploy.planning import built, built_by, current_lock
    from leoflow_compiler.deploy.registries import reference
    from leoflow_compiler.image.builder import Report, assemble
    from leoflow_compiler.image.cache import layer_cache
    from leoflow_compiler.image.sending import push

    report = Report(on_step=progress.step)
    tool = chosen_tool(options["builder"], options["builder_arguments"])
    project, document = compiled(target)
    tag = tag_of(project.config, project.root, label=document["dag_version"], chosen=options["dag_version"])
    lock, is_new = current_lock(project, connect, frozen=options["frozen"], from_source=tool is not None)
    if is_new:
        report.note(f"{target.label}/leoflow.lock written")
    answer: dict[str, Any] = {"dag_id": project.config.dag_id, "image": None, "layers": []}
    destination = None
    if options["push"] or tool is not None:
        destination = reference(f"{repository_of(project.config)}:{tag}")
        connect.methods[destination.registry] = project.config.registry.auth_method
    if tool is not None and destination is not None:
        made = built_by(tool, project, lock, destination, connect=connect, report=report)
        answer |= {"image": str(made.reference), "digest": made.digest, "size": made.size}
    else:
        cache, shared = layer_cache(os.environ), None
        if destination is not None:
            image, shared = built(project, lock, destination, connect=connect, cache=cache, report=report)
        else:
            image = assemble(project, lock, version=tag, connect=connect, cache=cache, report=report)
        answer |= {"digest": image.digest, "size": image.size}
        answer["layers"] = [
            {"platform": str(one.platform), "name": layer.name, "size": layer.size, "digest": layer.digest}
            for one in image.platforms
            for layer in one.layers
        ]
        if destination is not None:
            answer["image"] = str(push(image, destination, connect=connect, report=report))
            if shared is not None:
                shared.keep(image.own_layers)
    seconds = {step: round(taken, 3) for step, taken in report.seconds.items()}
    return {**answer, "sent_bytes": report.sent, "seconds": seconds, "notes": report.notes}

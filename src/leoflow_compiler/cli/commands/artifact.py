"""`leoflow artifact`: what registries hold of DAGs."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.connection import json_option
from leoflow_compiler.cli.deploying import amount, chosen_targets, compiled, image_errors
from leoflow_compiler.cli.documents import read_document
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.deploy.artifacts import Inspection
    from leoflow_compiler.deploy.registries import Registries
    from leoflow_runtime.oci.credentials import Method
    from leoflow_runtime.oci.reference import Reference


@click.group()
def artifact() -> None:
    """Push, pull, inspect, copy, export and import the artifacts of DAGs.

    A REFERENCE is REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:…, with or without oci:// before it. Logins are
    those of `docker login`, or LEOFLOW_REGISTRY_USERNAME and LEOFLOW_REGISTRY_PASSWORD.
    """


def registry_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What every command that talks to registries takes; its failures become sentences."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with image_errors():
            return function(*args, **kwargs)

    decorated = json_option(guarded)
    decorated = click.option(
        "--insecure-registry", is_flag=True, help="Speak plain HTTP to registries on other machines too."
    )(decorated)
    return click.option(
        "--auth",
        "method",
        type=click.Choice(["docker_config", "env", "iam"]),
        default="docker_config",
        help="Whose login is used; `iam` asks the cloud's credential helper.",
    )(decorated)


@artifact.command(
    short_help="Store a document beside its image.",
    epilog="""\b
Examples:
  leoflow artifact push sales registry.example.com/dags/sales --image registry.example.com/dags/sales:v1
  leoflow artifact push sales/dag.json registry.example.com/dags/sales:v1-dag
""",
)
@click.argument("source", metavar="PROJECT|DAG_JSON")
@click.argument("target", metavar="REFERENCE")
@click.option("--image", metavar="REFERENCE", help="The image of its tasks; it lies in the same repository.")
@registry_options
def push(
    source: str, target: str, image: str | None, method: Method, insecure_registry: bool, as_json: bool
) -> None:
    """Store a DAG without building or registering anything; `leoflow deploy` does all of it.

    Without a tag, REFERENCE gets the DAG's version and `-dag`. The files of a project are stored too.
    """
    from leoflow_compiler.deploy.artifacts import push_artifact

    path, bundle = Path(source), None
    if path.is_file() and path.suffix == ".json":
        document = read_document(path)
    else:
        from leoflow_compiler.image.source import source_bundle

        project, document = compiled(chosen_targets(source, everything=False)[0])
        bundle = source_bundle(project)
    reference = _reference(target)
    with _connected(method, insecure_registry, reference) as connect:
        stored, pinned = push_artifact(document, bundle, reference, image, connect)
    if as_json:
        _say_json(reference=str(stored), digest=stored.digest, image=pinned)
    else:
        click.echo(f"Pushed {document['dag_id']} as {stored}")


@artifact.command(
    short_help="Write dag.json and source to a folder.",
    epilog="""\b
Examples:
  leoflow artifact pull registry.example.com/dags/sales:prod sales
""",
)
@click.argument("source", metavar="REFERENCE")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@registry_options
def pull(source: str, folder: Path, method: Method, insecure_registry: bool, as_json: bool) -> None:
    """Write an artifact's dag.json, and its source where it has it, to a new FOLDER."""
    from leoflow_compiler.deploy.artifacts import pull_artifact

    reference = _reference(source)
    with _connected(method, insecure_registry, reference) as connect:
        found, files = pull_artifact(reference, folder, connect)
    if as_json:
        _say_json(
            reference=str(reference.at(digest=found.digest)),
            digest=found.digest,
            image=found.document.get("image"),
            folder=str(folder),
            source_files=files,
        )
    else:
        source_too = f" and {files} source files" if files else ""
        click.echo(
            f"Pulled {reference.at(tag=reference.tag, digest=found.digest)}: dag.json{source_too} in {folder}"
        )


@artifact.command(
    short_help="Say what one holds and names.",
    epilog="""\b
Examples:
  leoflow artifact inspect registry.example.com/dags/sales:prod
  leoflow artifact inspect registry.example.com/dags/sales:prod --json | jq -r .image
""",
)
@click.argument("source", metavar="REFERENCE")
@registry_options
def inspect(source: str, method: Method, insecure_registry: bool, as_json: bool) -> None:
    """Say what an artifact holds, which image it names, and what is attached to either."""
    from leoflow_compiler.deploy.artifacts import inspect_artifact

    reference = _reference(source)
    with _connected(method, insecure_registry, reference) as connect:
        found = inspect_artifact(reference, connect)
    if as_json:
        _say_json(**found.to_json())
    else:
        click.echo(_described(found))


@artifact.command(
    short_help="Copy one whole, every digest unchanged.",
    epilog="""\b
Examples:
  leoflow artifact copy registry.example.com/dags/sales:v7-dag registry.example.com/dags/sales:prod
  leoflow artifact copy staging.example.com/dags/sales:prod registry.example.com/dags/sales:prod
""",
)
@click.argument("source", metavar="REFERENCE")
@click.argument("target", metavar="REFERENCE")
@registry_options
def copy(source: str, target: str, method: Method, insecure_registry: bool, as_json: bool) -> None:
    """Copy an artifact with its image, SBOM, provenance and signatures; every digest stays the same.

    The second REFERENCE's tag moves last, when all is there. Within a registry nothing is sent twice.
    """
    from leoflow_compiler.deploy.artifacts import copy_artifact

    origin, destination = _reference(source), _reference(target)
    with _connected(method, insecure_registry, origin, destination) as connect:
        copied, sent = copy_artifact(origin, destination, connect)
    if as_json:
        _say_json(reference=str(copied), digest=copied.digest, sent_bytes=sent)
    else:
        click.echo(f"Copied to {copied} ({amount(sent)} sent)")


@artifact.command(
    short_help="Write one whole to a file.",
    epilog="""\b
Examples:
  leoflow artifact export registry.example.com/dags/sales:prod sales.tar
""",
)
@click.argument("source", metavar="REFERENCE")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@registry_options
def export(source: str, file: Path, method: Method, insecure_registry: bool, as_json: bool) -> None:
    """Write an artifact with its image and all attachments to one FILE, for sites without a network.

    It is a tar of an OCI image layout: `skopeo` and `podman` read it too, as oci-archive:FILE.
    """
    from leoflow_runtime.oci.copy import Repository, closure_of
    from leoflow_runtime.oci.layout import write_layout

    reference = _reference(source)
    with _connected(method, insecure_registry, reference) as connect:
        origin = Repository(connect(reference), reference.repository)
        closure, digest = closure_of(origin, reference.version)
        if reference.tag:
            closure.tags[reference.tag] = digest
        with _progress(closure.size, "export") as advance:
            write_layout(closure, origin, file, advance)
    size = file.stat().st_size
    if as_json:
        _say_json(reference=str(reference.at(digest=digest)), digest=digest, file=str(file), size=size)
    else:
        click.echo(f"Exported {reference.at(tag=reference.tag, digest=digest)} to {file} ({amount(size)})")


@artifact.command(
    "import",
    short_help="Bring such a file into a registry.",
    epilog="""\b
Examples:
  leoflow artifact import sales.tar registry.internal:5000/dags/sales
  leoflow artifact import sales.tar registry.internal:5000/dags/sales:prod
""",
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", metavar="REFERENCE")
@registry_options
def import_(file: Path, target: str, method: Method, insecure_registry: bool, as_json: bool) -> None:
    """Bring an exported FILE into a registry, under the tags that it has; REFERENCE may add one."""
    from leoflow_compiler.deploy.artifacts import import_file

    reference = _reference(target)
    with _connected(method, insecure_registry, reference) as connect:
        tags, sent = import_file(file, reference, connect)
    if as_json:
        _say_json(repository=str(reference.at()), tags=tags, sent_bytes=sent)
        return
    for tag, digest in sorted(tags.items()):
        click.echo(f"{reference.at(tag=tag, digest=digest)}")
    click.echo(f"Imported {file} ({amount(sent)} sent)", err=True)


@contextmanager
def _connected(method: Method, insecure: bool, *references: Reference) -> Iterator[Registries]:
    """The last of `references` is the one that a login in the environment is for."""
    from leoflow_compiler.deploy.registries import registries

    with registries(os.environ, insecure=insecure) as connect:
        for reference in references if method == "iam" else references[-1:]:
            connect.methods[reference.registry] = method
        yield connect


def _reference(text: str) -> Reference:
    from leoflow_runtime.oci.reference import BadReference, Reference

    try:
        return Reference.parse(text)
    except BadReference as error:
        raise UserError(str(error), exit_code=Exit.MISUSE) from error


@contextmanager
def _progress(size: int, what: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, for people only."""
    with click.progressbar(length=size, label=what, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update


def _say_json(**answer: Any) -> None:
    click.echo(json.dumps(answer, indent=2))


def _described(found: Inspection) -> str:
    lines = [
        ("artifact", found.reference),
        ("DAG", f"{found.dag_id} version {found.dag_version}, {found.tasks} tasks"),
        ("schedule", json.dumps(found.schedule) if not isinstance(found.schedule, str) else found.schedule),
        ("content", found.content_digest),
        ("image", found.image or "none: it runs where its files are"),
        ("platforms", ", ".join(found.platforms)),
        ("source", amount(found.source_size) if found.source_size is not None else "not in it"),
        ("size", f"{amount(found.size)} with the image"),
        *((f"{one.to} has", f"{one.kind} {one.digest}") for one in found.attached),
        ("signed", "yes (`leoflow verify` says by whom)" if found.signed else "no"),
        *((key, value) for key, value in sorted(found.annotations.items())),
    ]
    width = max(len(key) for key, value in lines if value)
    return "\n".join(f"{key:<{width}}  {value}" for key, value in lines if value)

"""`leoflow versions`, `rollback` and `promote`: what a server has had, back to it, and on to another one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.confirming import confirm, yes_option
from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.deploying import image_errors
from leoflow_compiler.cli.table import table

if TYPE_CHECKING:
    from leoflow_compiler.client.control_plane import ControlPlane
    from leoflow_runtime.oci.reference import Reference


@click.command(
    epilog="""\b
Examples:
  leoflow versions sales
  leoflow versions sales --history       every deployment and rollback
  leoflow versions sales --limit 1000 --json
"""
)
@click.argument("dag_id", metavar="DAG")
@click.option("--history", is_flag=True, help="Each time that a version became current, the latest first.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@server_options
def versions(
    dag_id: str, history: bool, limit: int, server: str | None, token: str | None, as_json: bool
) -> None:
    """List the versions of a DAG, the newest first; `*` marks the one that new runs get."""
    with connected(server, token=token) as control_plane:
        every = control_plane.deployments(dag_id) if history else control_plane.versions(dag_id)
        taken = list(islice(every, limit + 1))
    found = taken[:limit]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(_as_history(found) if history else _as_versions(found))
    if len(taken) > limit:
        click.echo(f"there are older ones; --limit {10 * limit} shows more", err=True)


@click.command(
    epilog="""\b
Examples:
  leoflow rollback sales                 the version before the current one
  leoflow rollback sales --to 3
  leoflow rollback sales --to @sha256:…  by the digest of its document, image or artifact
"""
)
@click.argument("dag_id", metavar="DAG")
@click.option("--to", "wanted", metavar="VERSION|@DIGEST", help="Else the one before the current one.")
@yes_option
@server_options
def rollback(
    dag_id: str, wanted: str | None, yes: bool, server: str | None, token: str | None, as_json: bool
) -> None:
    """Make an earlier version current again, with all that it carries, its schedule too.

    Runs that have begun keep their version.
    """
    with connected(server, token=token) as control_plane:
        where = f"to {wanted}" if wanted is not None else "to the version before the current one"
        confirm(control_plane.server, f"Roll {dag_id} back {where} on {control_plane.server}?", yes=yes)
        answer = control_plane.roll_back(dag_id, wanted)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        number, label = answer.get("version_number"), answer.get("dag_version")
        click.echo(f"{dag_id} is at version {number} ({label}) again")


@click.command(
    epilog="""\b
Examples:
  leoflow promote sales --to :prod                               move the tag prod to what runs here
  leoflow promote oci://hub.example/dags/sales:staging --to :prod
  leoflow promote sales --to https://prod.example                the same bytes for another server
  leoflow promote sales --version 3 --to oci://hub.example/prod/sales:stable
"""
)
@click.argument("source", metavar="DAG|REFERENCE")
@click.option(
    "--to", "target", required=True, metavar="URL|REFERENCE|:TAG", help="A server, or a tag that DAGs follow."
)
@click.option("--version", "wanted", metavar="VERSION|@DIGEST", help="Of the DAG; else its current one.")
@click.option("--insecure-registry", is_flag=True, help="Speak plain HTTP to registries elsewhere too.")
@yes_option
@server_options
def promote(
    source: str,
    target: str,
    wanted: str | None,
    insecure_registry: bool,
    yes: bool,
    server: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Hand a version on by digest: nothing is built again.

    The server that a DAG is taken from is --server, as for every command. The token for the server that
    gets it is LEOFLOW_TARGET_TOKEN, else what `leoflow auth login` saved for it.
    """
    from leoflow_compiler.deploy import promotion
    from leoflow_compiler.deploy.registries import registries

    names_artifact = "/" in source
    is_server = target.startswith(("http://", "https://"))
    if wanted is not None and names_artifact:
        raise click.UsageError("--version is of a DAG; a reference names its version by tag or digest")
    with ExitStack() as stack:
        stack.enter_context(image_errors())
        connect = stack.enter_context(registries(os.environ, insecure=insecure_registry))
        version: dict[str, Any] | None = None
        artifact: Reference | None = None
        if names_artifact:
            artifact, dag_id = promotion.pinned(source, connect)
        else:
            origin = stack.enter_context(connected(server, token=token))
            dag_id, version = source, promotion.chosen_version(origin, source, wanted)
            if version.get("reference") is not None or not is_server:
                artifact = promotion.artifact_of(version, connect)
        if is_server:
            destination = stack.enter_context(_target(target, is_only_server=names_artifact))
            confirm(destination.server, f"Promote {dag_id} → {destination.server}?", yes=yes)
            done = promotion.to_server(destination, dag_id, artifact, version)
        else:
            assert artifact is not None
            channel = promotion.channel_of(artifact, target)
            # Servers that follow the tag, wherever they are, deploy what it names.
            confirm(f"//{channel.registry}", f"Promote {dag_id} → {channel}?", yes=yes)
            done = promotion.to_channel(dag_id, artifact, channel, connect)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2))
        return
    number = (done.registration or {}).get("version_number")
    click.echo(f"Promoted {dag_id} -> {done.target}" + (f" (version {number})" if number else ""))
    if done.reference:
        click.echo(f"  artifact {done.reference}")


@contextmanager
def _target(url: str, *, is_only_server: bool) -> Iterator[ControlPlane]:
    """The server that gets a version; the token of another server never goes there."""
    from leoflow_compiler.client.control_plane import ControlPlane
    from leoflow_compiler.client.session import Session
    from leoflow_compiler.client.settings import load_settings

    hidden = () if is_only_server else ("LEOFLOW_TOKEN",)
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    token = os.environ.get("LEOFLOW_TARGET_TOKEN")
    with Session(load_settings(environ, server=url, token=token)) as session:
        yield ControlPlane(session)


def _as_versions(found: list[dict[str, Any]]) -> str:
    rows = [
        (
            "*" if one["is_current"] else "",
            str(one["version_number"]),
            str(one["dag_version"]),
            str(one["created_at"]),
            str(one["created_by"]),
            str(one.get("reference") or one.get("via") or "-"),
            str(one.get("image") or "-"),
        )
        for one in found
    ]
    return table(("", "version", "label", "registered", "by", "from", "image"), rows)


def _as_history(found: list[dict[str, Any]]) -> str:
    rows = [
        (
            str(one["at"]),
            str(one["version_number"]),
            str(one["dag_version"]),
            str(one["by"]),
            str(one["via"]),
            str(one.get("reference") or "-"),
        )
        for one in found
    ]
    return table(("at", "version", "label", "by", "how", "artifact"), rows)

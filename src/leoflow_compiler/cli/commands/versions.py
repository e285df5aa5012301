"""`leoflow versions` and `leoflow rollback`: what a server has had, and going back to it."""

from __future__ import annotations

import json
from typing import Any

import click

from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.table import table
from leoflow_compiler.diagnostics.outcome import Exit


@click.command(
    epilog="""\b
Examples:
  leoflow versions sales
  leoflow versions sales --json
"""
)
@click.argument("dag_id", metavar="DAG")
@server_options
def versions(dag_id: str, server: str | None, token_stdin: bool, as_json: bool) -> None:
    """List the versions of a DAG, the newest first; `*` marks the one that new runs get."""
    with connected(server, token_stdin=token_stdin) as control_plane:
        found = control_plane.versions(dag_id)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [
        (
            "*" if one["is_current"] else "",
            str(one["version_number"]),
            str(one["dag_version"]),
            str(one["created_at"]),
            str(one["created_by"]),
            str(one.get("image") or "-"),
        )
        for one in found
    ]
    click.echo(table(("", "version", "label", "registered", "by", "image"), rows))


@click.command(
    epilog="""\b
Examples:
  leoflow rollback sales                 the version before the current one
  leoflow rollback sales --to 3
  leoflow rollback sales --to @sha256:…  by the digest of its image or document
"""
)
@click.argument("dag_id", metavar="DAG")
@click.option("--to", "wanted", metavar="VERSION|@DIGEST", help="Else the one before the current one.")
@server_options
def rollback(dag_id: str, wanted: str | None, server: str | None, token_stdin: bool, as_json: bool) -> int:
    """Make an earlier version current again, with all that it carries, its schedule too.

    Runs that have begun keep their version.
    """
    with connected(server, token_stdin=token_stdin) as control_plane:
        chosen = _chosen(control_plane.versions(dag_id), dag_id, wanted)
        document = control_plane.version(dag_id, chosen["version_number"])["document"]
        answer = control_plane.push(dag_id, document)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(
            f"{dag_id} is at version {answer.get('version_number')} ({answer.get('dag_version')}) again"
        )
    return int(Exit.CLEAN)


def _chosen(found: list[dict[str, Any]], dag_id: str, wanted: str | None) -> dict[str, Any]:
    """Raises UserError."""
    if wanted is None:
        numbers = [one["version_number"] for one in found if one["is_current"]]
        earlier = [one for one in found if numbers and one["version_number"] < numbers[0]]
        if not earlier:
            raise UserError(f"DAG {dag_id!r} has no version before the current one")
        return earlier[0]
    for one in found:
        digests = (
            one["document_digest"],
            one["content_digest"],
            str(one.get("image") or "").partition("@")[2],
        )
        if wanted == str(one["version_number"]) or (wanted.startswith("@") and wanted[1:] in digests):
            return one
    raise UserError(
        f"DAG {dag_id!r} has no version {wanted!r}", hint=f"`leoflow versions {dag_id}` lists them"
    )

"""`leoflow push`: a version for a server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from leoflow_compiler.cli.cache import opened_cache
from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.connection import connected, server_options
from leoflow_compiler.cli.documents import read_document
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.options import no_cache_option
from leoflow_compiler.cli.report import verdict, write_text
from leoflow_compiler.cli.targets import find_targets
from leoflow_compiler.diagnostics.outcome import Exit


@click.command(
    epilog="""\b
Examples:
  leoflow push sales              compile the project and register it
  leoflow push sales/dag.json     register what was compiled before
"""
)
@click.argument("source", metavar="DAG_JSON|PROJECT", type=click.Path())
@server_options
@no_cache_option
def push(source: str, server: str | None, token: str | None, as_json: bool, no_cache: bool) -> int:
    """Register a DAG version with a server. Content that it knows already becomes current again."""
    path = Path(source)
    ready = path.is_file() and path.suffix == ".json"
    document = read_document(path) if ready else _compiled(source, no_cache)
    if document is None:
        return int(Exit.PROBLEMS)
    with connected(server, token=token) as control_plane:
        answer = control_plane.push(document["dag_id"], document)
        if as_json:
            click.echo(json.dumps(answer, indent=2))
            return int(Exit.CLEAN)
        version = f"{document['dag_id']} version {answer.get('version_number')} ({answer.get('dag_version')})"
        verb = "Registered" if answer.get("created") else "Known already, and current:"
        click.echo(f"{verb} {version} with {control_plane.server}")
    return int(Exit.CLEAN)


def _compiled(source: str, no_cache: bool) -> dict[str, Any] | None:
    targets = find_targets((source,))
    if len(targets) > 1:
        raise UserError(
            f"{source!r} holds {len(targets)} projects; push one at a time", exit_code=Exit.MISUSE
        )
    result = compile_target(targets[0], opened_cache(disabled=no_cache))
    write_text([result], sys.stderr)
    return result.document if verdict([result]) is Exit.CLEAN else None

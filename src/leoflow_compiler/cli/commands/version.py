"""`leoflow version`."""

from __future__ import annotations

import json
import platform

import click


@click.command(
    epilog="""\b
Examples:
  leoflow version
  leoflow version --json
"""
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def version(as_json: bool) -> None:
    """Show the version of Leoflow and what it runs on."""
    from importlib.metadata import version as installed_version

    facts = {
        "version": installed_version("leoflow"),
        "python": platform.python_version(),
        "platform": f"{platform.system().lower()}/{platform.machine()}",
        "dag_schema": "1.0",
    }
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        click.echo(f"leoflow {facts['version']} (Python {facts['python']}, {facts['platform']})")

"""Options of the commands that may build in containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leoflow_compiler.cli.options import Decorated

if TYPE_CHECKING:
    from leoflow_compiler.image.external import Tool

TOOLS = ("docker", "podman", "buildah", "nerdctl")


def builder_options(function: Decorated) -> Decorated:
    """`--builder` and `--builder-arg`."""
    for option in (
        click.option(
            "--builder-arg",
            "builder_arguments",
            multiple=True,
            metavar="ARG",
            help="For `build` of the tool, such as --builder-arg=--network=host; may be repeated.",
        ),
        click.option(
            "--builder",
            type=click.Choice(TOOLS),
            help="Build in containers, as system_packages and an own Dockerfile need it.",
        ),
    ):
        function = option(function)
    return function


def chosen_tool(name: str | None, arguments: tuple[str, ...]) -> Tool | None:
    """None: images are put together without containers."""
    if name is None:
        if arguments:
            raise click.UsageError("--builder-arg only makes sense with --builder")
        return None
    from leoflow_compiler.image.external import Tool

    return Tool(name=name, arguments=arguments)

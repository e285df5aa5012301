"""A click group that knows its commands by name and imports only the one that runs."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True, kw_only=True, slots=True)
class LazyCommand:
    """Where a command is defined (`module:attribute`) and the one line that a list of commands shows."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """`commands_by_name` are ours; those of the entry-point group `plugins` join when they are asked for."""

    def __init__(
        self,
        *args: Any,
        commands_by_name: Mapping[str, LazyCommand],
        plugins: str | None = None,
        plugin_summaries: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._own = dict(commands_by_name)
        self._plugin_group = plugins
        self._plugin_summaries = dict(plugin_summaries or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._own, *self._plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self._own:
            module, _, attribute = self._own[cmd_name].target.partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        plugin = self._plugins().get(cmd_name)
        return _load(plugin) if plugin is not None else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not name.startswith("-"):
            hint = did_you_mean(name, self.list_commands(ctx))
            ctx.fail(f"there is no command {name!r}" + (f"; {hint}" if hint else ""))
        return super().resolve_command(ctx, args) if command is None else (name, command, args[1:])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            own = self._own.get(name)
            rows.append(
                (name, own.summary if own else self._plugin_summaries.get(name, "From an extension."))
            )
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _plugins(self) -> dict[str, EntryPoint]:
        if self._plugin_group is None:
            return {}
        # Imported late: it costs as much as all the rest of a cached compile.
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group=self._plugin_group)}


def _load(plugin: EntryPoint) -> click.Command:
    gc.enable()  # such as a server, which stays
    try:
        command = plugin.load()
    except ModuleNotFoundError as error:
        raise UserError(
            f"`leoflow {plugin.name}` needs the Python package {error.name!r}, which is not installed; "
            "install Leoflow with its extra: pip install 'leoflow[lite]'"
        ) from error
    if not isinstance(command, click.Command):
        raise TypeError(f"the entry point {plugin.name!r} of {plugin.value!r} is not a command")
    return command

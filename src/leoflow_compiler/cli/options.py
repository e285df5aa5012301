"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from leoflow_compiler.diagnostics.formats import NAMES

Decorated = Callable[..., Any]


def format_option(function: Decorated) -> Decorated:
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *NAMES]),
        default="text",
        show_default=True,
        help="How problems are reported.",
    )(function)


def no_cache_option(function: Decorated) -> Decorated:
    return click.option(
        "--no-cache", is_flag=True, help="Compile anew, whatever is kept from earlier (LEOFLOW_CACHE_DIR)."
    )(function)

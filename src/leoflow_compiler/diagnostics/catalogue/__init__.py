"""Every kind of problem, one `Code` each, in the module of its family."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from leoflow_compiler.diagnostics.records import Code


class CatalogueInconsistent(Exception):
    """Two entries of the catalogue claim the same code or the same name."""


@cache
def all_codes() -> tuple[Code, ...]:
    """Every code of every family module, sorted. Raises CatalogueInconsistent when one is taken twice."""
    found: dict[str, Code] = {}
    names: dict[str, str] = {}
    for module in sorted(info.name for info in iter_modules(__path__)):
        for value in vars(import_module(f"{__name__}.{module}")).values():
            if not isinstance(value, Code) or found.get(value.code) is value:
                continue
            if value.code in found or value.name in names:
                raise CatalogueInconsistent(f"{value.code} ({value.name}) is declared twice")
            found[value.code] = value
            names[value.name] = value.code
    return tuple(found[code] for code in sorted(found))


def find_code(text: str) -> Code | None:
    """The entry with this code or name, whatever its case; None when there is none."""
    wanted = text.strip().casefold()
    return next(
        (code for code in all_codes() if wanted in (code.code.casefold(), code.name.casefold())), None
    )

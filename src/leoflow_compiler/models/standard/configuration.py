"""configparser, of files of the project."""

from __future__ import annotations

import configparser
from typing import Any

from leoflow_compiler.evaluate.errors import Touched
from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.evaluate.values import Opaque, Value


class Parser(configparser.ConfigParser):
    """Knows nothing any more once it has read a file that is not the project's."""

    unknown: Opaque | None = None

    def read(self, filenames: Value, encoding: str | None = None) -> list[Any]:
        many = list(filenames) if isinstance(filenames, (list, tuple)) else [filenames]
        found: list[Any] = []
        for one in many:
            if not isinstance(one, SourcePath):
                self.unknown = one if isinstance(one, Opaque) else None
                if self.unknown is None:
                    raise ValueError("a path that does not start at the file's own folder is not read")
                raise Touched(self.unknown)
            if one.is_file():
                self.read_string(one.text(encoding))
                found.append(one)
        return found

    def __getattribute__(self, name: str) -> Any:
        unknown = object.__getattribute__(self, "unknown")
        if unknown is not None and name in ("_sections", "_proxies"):
            raise Touched(unknown)
        return super().__getattribute__(name)


class RawParser(Parser):
    _DEFAULT_INTERPOLATION = configparser.Interpolation()


def register(models: Models) -> None:
    models.values["configparser.ConfigParser"] = Parser
    models.values["configparser.RawConfigParser"] = RawParser
    models.pure_types.update((Parser, RawParser, configparser.SectionProxy))
    models.pure("configparser", configparser.ExtendedInterpolation, configparser.BasicInterpolation)
    for name in ("NoSectionError", "NoOptionError", "Error", "ParsingError"):
        models.values[f"configparser.{name}"] = getattr(configparser, name)
    for name in ("write",):
        models.impure[(configparser.RawConfigParser, name)] = "files are written only when the code runs"

"""pathlib, os, os.path, glob, pkgutil: where they ask for what lies in the project, they are answered."""

from __future__ import annotations

import pathlib
import posixpath
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from leoflow_compiler.evaluate import listing, paths
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.evaluate.values import Module, Opaque, Value

_FILES = "the file system is known only when the code runs"
_FILE_METHODS = (
    "exists is_file is_dir open read_text read_bytes iterdir glob rglob stat resolve absolute mkdir cwd home "
    "expanduser write_text write_bytes touch unlink rename owner lstat is_symlink"
)


def register(models: Models) -> None:
    for name in ("Path", "PurePath", "PurePosixPath", "PosixPath"):
        models.values[f"pathlib.{name}"] = pathlib.PurePosixPath
    models.pure_types.add(pathlib.PurePosixPath)
    for name in _FILE_METHODS.split():
        models.impure[(pathlib.PurePosixPath, name)] = _FILES
    models.pure("os.path", posixpath.join, posixpath.basename, posixpath.dirname, posixpath.splitext)
    models.pure("os.path", posixpath.normpath, posixpath.split, posixpath.isabs, posixpath.commonprefix)
    models.constants("os", {"sep": "/", "linesep": "\n", "pathsep": ":", "extsep": ".", "curdir": "."})
    models.constants("os.path", {"sep": "/"})
    models.pure_types.add(listing.Entry)
    models.calls["os.fspath"] = lambda call: call.interpreter.native(call.place, str, *call.args)
    paths.register_calls(models.calls)
    models.calls["os.listdir"] = _below(lambda path: [entry.name for entry in listing.entries(path)])
    models.calls["os.scandir"] = _below(lambda path: iter(listing.entries(path)))
    models.calls["os.walk"] = _below(lambda path, **_: listing.walk(path))
    models.calls["glob.glob"] = _below(listing.glob)
    models.calls["glob.iglob"] = _below(lambda path, **options: iter(listing.glob(path, **options)))
    models.calls["pkgutil.iter_modules"] = _modules
    models.calls["importlib.resources.files"] = _resources


def _below(function: Callable[..., Value]) -> Callable[[Call], Value]:
    """A function of a path of the project; of any other it is opaque."""

    def ask(call: Call) -> Value:
        options = dict(call.kwargs)
        path = call.args[0] if call.args else options.pop("path", options.pop("pathname", None))
        if isinstance(path, SourcePath):
            return call.interpreter.native(call.place, function, path, *call.args[1:], **options)
        if isinstance(path, Opaque):
            return path
        advice = "for files of the project, start at `Path(__file__).parent`"
        return call.interpreter.opaque(_FILES, call.place, advice=advice)

    return ask


def _modules(call: Call) -> Value:
    arguments = {**dict(zip(("path", "prefix"), call.args, strict=False)), **call.kwargs}
    folders, prefix = arguments.get("path"), arguments.get("prefix", "")
    if not isinstance(folders, (list, tuple)) or not all(isinstance(one, SourcePath) for one in folders):
        return call.interpreter.opaque(
            "which modules are installed is known only when the code runs", call.place
        )
    call.interpreter.models.pure_types.add(SimpleNamespace)

    def found() -> Iterator[Any]:
        for folder in folders:
            for entry in listing.entries(folder):
                package = entry.is_dir() and folder.at(entry.name, "__init__.py").is_file()
                if package or (entry.name.endswith(".py") and entry.name != "__init__.py"):
                    name = prefix + entry.name.removesuffix(".py")
                    yield SimpleNamespace(module_finder=None, name=name, ispkg=package)

    return call.interpreter.native(call.place, lambda: iter(list(found())))


def _resources(call: Call) -> Value:
    module = call.args[0] if call.args else None
    if isinstance(module, str):
        module = call.interpreter.modules.get(module)
    where = module.names.get("__path__") if isinstance(module, Module) else None
    if isinstance(where, list) and where:
        return where[0]
    return call.interpreter.opaque(_FILES, call.place)

"""Imports that are written as calls: `__import__` and `importlib.import_module`."""

from __future__ import annotations

from importlib.util import resolve_name

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.modules import import_module
from leoflow_compiler.evaluate.values import Opaque, Value


def register(models: Models) -> None:
    models.calls["builtins.__import__"] = _import
    models.calls["importlib.import_module"] = _import_module


def _import(call: Call) -> Value:
    """Plain absolute imports only; the module that comes back is the top one."""
    name = _name(call)
    if isinstance(name, Opaque):
        return name
    if len(call.args) > 1 or call.kwargs.keys() - {"name"}:
        raise _refused(call)
    module = _module(call, name)
    return module if "." not in name else _module(call, name.partition(".")[0])


def _import_module(call: Call) -> Value:
    name = _name(call)
    if isinstance(name, Opaque):
        return name
    if name.startswith("."):
        package = call.args[1] if len(call.args) > 1 else call.kwargs.get("package")
        if not isinstance(package, str):
            raise _refused(call)
        try:
            name = resolve_name(name, package)
        except ImportError as error:
            raise Raised(error, call.place) from None
    return _module(call, name)


def _name(call: Call) -> str | Opaque:
    name = call.args[0] if call.args else call.kwargs.get("name")
    if isinstance(name, (str, Opaque)):
        return name
    raise Raised(TypeError("a module's name must be a string"), call.place)


def _module(call: Call, name: str) -> Value:
    if call.scope is None:
        raise _refused(call)
    return import_module(call.interpreter, name, call.scope, call.place)


def _refused(call: Call) -> Exception:
    return call.refusal(
        UNSUPPORTED_PYTHON, f"this form of `{call.name}` is not evaluated", help="use `import`"
    )

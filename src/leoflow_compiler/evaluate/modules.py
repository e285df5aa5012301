"""Imports: modules of the project are evaluated, all others are named."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.diagnostics.catalogue.airflow import OLD_SPELLING
from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.diagnostics.suggestion import nearest
from leoflow_compiler.evaluate.attributes import get_attribute
from leoflow_compiler.evaluate.errors import Cascade, Raised
from leoflow_compiler.evaluate.paths import SourcePath
from leoflow_compiler.evaluate.problems import problem_of
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import Library, Module, Opaque, Place, Value
from leoflow_compiler.source.guard import SourceRefused
from leoflow_compiler.source.tree import SourceFile, parse

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

_OURS = frozenset({"airflow", "leoflow"})


def imported_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"]


def run_import(interpreter: Interpreter, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        place = interpreter.place(alias, scope)
        module = import_module(interpreter, alias.name, scope, place)
        if alias.asname is not None:
            scope.target(alias.asname).names[alias.asname] = module
        else:
            top = alias.name.partition(".")[0]
            scope.target(top).names[top] = import_module(interpreter, top, scope, place)


def run_import_from(interpreter: Interpreter, node: ast.ImportFrom, scope: Scope) -> None:
    place = interpreter.place(node, scope)
    name = node.module or ""
    if node.level:
        name = _absolute(name, node.level, scope, place)
    if name == "__future__":
        return
    module = import_module(interpreter, name, scope, place)
    if node.names[0].name == "*":
        _import_star(interpreter, module, scope, place)
        return
    for alias in node.names:
        wanted, target = alias.name, alias.asname or alias.name
        try:
            value = _member(interpreter, module, name, wanted, scope, interpreter.place(alias, scope))
        except Raised as raised:
            if interpreter.protected or interpreter.speculation is not None:
                raise
            # The other names of the statement are fine.
            interpreter.report(problem_of(raised))
            interpreter.failures += 1
            value = Opaque("reported above", raised.place, cascade=True)
        scope.target(target).names[target] = value


def _member(
    interpreter: Interpreter, module: Value, module_name: str, wanted: str, scope: Scope, place: Place
) -> Value:
    if isinstance(module, Module) and wanted not in module.names:
        full = f"{module_name}.{wanted}"
        if find_file(interpreter, full, scope) is not None:
            return import_module(interpreter, full, scope, place)
        error = ImportError(f"cannot import name '{wanted}' from '{module_name}'")
        raise Raised(error, place, advice=lambda: _similar(interpreter, module, wanted))
    if interpreter.protected and interpreter.models.is_gone(f"{module_name}.{wanted}"):
        raise Raised(ImportError(f"cannot import name '{wanted}' from '{module_name}'"), place)
    try:
        return get_attribute(interpreter, module, wanted, place)
    except Raised as raised:
        if isinstance(raised.value, AttributeError):
            error = ImportError(f"cannot import name '{wanted}' from '{module_name}'")
            raise Raised(error, place, advice=lambda: _similar(interpreter, module, wanted)) from None
        raise


def _similar(interpreter: Interpreter, module: Value, wanted: str) -> str | None:
    known = interpreter.models.closed.get(module.path, frozenset()) if isinstance(module, Library) else ()
    match = nearest(wanted, module.names if isinstance(module, Module) else known)
    return f"did you mean `{match}`?" if match else None


def _import_star(interpreter: Interpreter, module: Value, scope: Scope, place: Place) -> None:
    if isinstance(module, Module):
        names = module.names.get("__all__")
        if not isinstance(names, (list, tuple)):
            names = [name for name in module.names if not name.startswith("_")]
        for name in names:
            scope.names[name] = get_attribute(interpreter, module, name, place)
        return
    models = interpreter.models
    path = module.path if isinstance(module, Library) else ""
    names = models.closed.get(path) or models.starred.get(path)
    if names is None:
        raise interpreter.refuse(
            UNSUPPORTED_PYTHON,
            f"`import *` from `{getattr(module, 'path', 'a module')}` brings names that are not known",
            place,
            help="import the names that are used",
        )
    for name in names:
        scope.names[name] = interpreter.library(f"{path}.{name}")


def _absolute(name: str, dots: int, scope: Scope, place: Place) -> str:
    package = scope.module.split(".")
    if not scope.file.path.endswith("/__init__.py"):
        package = package[:-1]
    if dots - 1 > 0:
        package = package[: -(dots - 1)] if dots - 1 < len(package) else []
    if not package:
        error = ImportError("attempted relative import with no known parent package")
        advice = "the DAG file is in no package: what lies beside it is imported without the dots"
        raise Raised(error, place, advice=lambda: advice)
    return ".".join([*package, name] if name else package)


def import_module(interpreter: Interpreter, name: str, scope: Scope, place: Place) -> Value:
    """The module, evaluated where it is the project's. Raises Interruption."""
    top = name.partition(".")[0]
    if top in _OURS or find_file(interpreter, top, scope) is None:
        missing = interpreter.models.missing_import(name)
        if missing is not None:
            raise Raised(ModuleNotFoundError(missing[0]), place, advice=lambda: missing[1])
        if interpreter.protected and interpreter.models.is_gone(name):
            raise Raised(ModuleNotFoundError(f"No module named '{name}'"), place)
        newer = interpreter.models.spelling_of(name)
        if newer is not None:
            message = f"`{name}` is Airflow 2's place; in Airflow 3 it is `{newer}`"
            problem = interpreter.refuse(OLD_SPELLING, message, place, help=f"import from `{newer}`")
            interpreter.report(problem)
        if interpreter.installed.may_lack(top):
            interpreter.opaque_count += 1  # it may be missing: `try` must see that
        return interpreter.library(name)
    module: Module | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        dotted = ".".join(parts[:count])
        path = find_file(interpreter, dotted, scope)
        if path is None:
            raise Raised(ModuleNotFoundError(f"No module named '{dotted}'"), place)
        child = run_module(interpreter, dotted, path, place)
        if module is not None:
            module.names[parts[count - 1]] = child
        module = child
    return module


def find_file(interpreter: Interpreter, dotted: str, scope: Scope) -> str | None:
    """The project's file for a module name; its folder, with a final `/`, for one without `__init__.py`."""
    relative = dotted.replace(".", "/")
    for root in interpreter.search_path:
        base = posixpath.join(root, relative) if root else relative
        for candidate in (f"{base}/__init__.py", f"{base}.py"):
            if candidate in interpreter.files:
                return candidate
        prefix = f"{base}/"
        if any(path.startswith(prefix) and path.endswith(".py") for path in interpreter.files):
            return prefix
    return None


def run_module(interpreter: Interpreter, name: str, path: str, place: Place | None = None) -> Module:
    """Evaluates a file of the project as a module, once; in a circle, what is there so far."""
    known = interpreter.modules.get(name)
    if known is not None:
        return known
    names: dict[str, Value] = {"__name__": name, "__package__": name.rpartition(".")[0]}
    if path.endswith(("/", "/__init__.py")):
        folder = posixpath.dirname(path)
        names["__package__"] = name
        names["__path__"] = [SourcePath(folder, place or interpreter.here(), interpreter)]
    module = Module(name, names)
    interpreter.modules[name] = module
    if path.endswith("/"):
        return module
    file = load_file(interpreter, path)
    names["__doc__"] = ast.get_docstring(file.tree, clean=False)
    where = place or Place(file=file, node=file.tree, statement=file.tree)
    names["__file__"] = SourcePath(path, where, interpreter)
    scope = Scope(kind="module", file=file, module=name, names=names)
    before = interpreter.current
    try:
        interpreter.run_block(file.tree.body, scope)
    finally:
        interpreter.current = before
    return module


def load_file(interpreter: Interpreter, path: str) -> SourceFile:
    """Reads and parses a file of the project. Raises Cascade after keeping the diagnostic."""
    known = interpreter.sources.get(path)
    if known is not None:
        return known
    try:
        text = interpreter.files[path].read_text("utf-8")
        interpreter.sources[path] = parse(text, path)
    except SourceRefused as refused:
        interpreter.diagnostics.append(refused.diagnostic)
        raise Cascade from None
    except (OSError, UnicodeDecodeError) as error:
        from leoflow_compiler.diagnostics import Span
        from leoflow_compiler.diagnostics.catalogue.source import SYNTAX_ERROR

        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        interpreter.diagnostics.append(
            Diagnostic(
                code=SYNTAX_ERROR, message=f"{path} cannot be read: {reason}", span=Span(file=path, line=1)
            )
        )
        raise Cascade from None
    return interpreter.sources[path]

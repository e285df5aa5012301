"""Classes of the project: real classes, made here, whose methods are `Function`s."""

from __future__ import annotations

import ast
import dataclasses
import functools
import types
import typing
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics.catalogue.evaluation import UNSUPPORTED_PYTHON
from leoflow_compiler.evaluate.attributes import PROJECT_MARK
from leoflow_compiler.evaluate.library import Call
from leoflow_compiler.evaluate.scope import Scope
from leoflow_compiler.evaluate.values import (
    CallableModel,
    Function,
    Instantiable,
    Library,
    Opaque,
    Place,
    Value,
)

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

_ANNOTATIONS = "__annotations__"
# What Python makes of these methods by itself.
_IMPLICIT: dict[str, Any] = {
    "__init_subclass__": classmethod,
    "__class_getitem__": classmethod,
    "__new__": staticmethod,
}
_DESCRIPTORS = (classmethod, staticmethod, property, functools.cached_property)
_WITHOUT_MEANING = frozenset({"typing.Generic", "typing.Protocol", "typing_extensions.Protocol"})


class OutsideSubclass(CallableModel):
    """A project class that derives from a class of an installed package."""

    def __init__(self, name: str, module: str, base: Library, interpreter: Interpreter) -> None:
        self.name = name
        self.path = f"{module}.{name}"
        self.base = base
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        known = self.interpreter.models.instance_of(self.path, self.base.path, call)
        if known is not None:
            return known
        why = f"`{self.name}` derives from `{self.base.path}`, which is not part of the project"
        return self.interpreter.opaque(why, call.place)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in ("__name__", "__qualname__"):
            return self.name
        why = f"`{self.name}` derives from `{self.base.path}`, which is not part of the project"
        return interpreter.opaque(why, place)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        return


def annotate(interpreter: Interpreter, node: ast.AnnAssign, scope: Scope) -> None:
    """Notes a field of a class body, for dataclasses and named tuples."""
    assert isinstance(node.target, ast.Name)
    text = scope.file.code_of(node.annotation)
    kind: Any = object
    if "ClassVar" in text:
        kind = typing.ClassVar
    elif "InitVar" in text:
        kind = dataclasses.InitVar[object]
    elif "KW_ONLY" in text:
        kind = dataclasses.KW_ONLY
    scope.names.setdefault(_ANNOTATIONS, {})[node.target.id] = kind


def make_class(interpreter: Interpreter, node: ast.ClassDef, scope: Scope) -> Value:
    """The class; opaque where a base is; a stand-in where a base belongs to an installed package."""
    place = interpreter.place(node, scope)
    bases: list[Value] = []
    outside: list[Library] = []
    for written in node.bases:
        base = interpreter.evaluate(written, scope)
        if isinstance(base, Opaque):
            return base
        if isinstance(base, OutsideSubclass):
            outside.append(base.base)
            continue
        if isinstance(base, Library):
            if base.path in _WITHOUT_MEANING:
                continue
            native = interpreter.models.base_class(base)
            if native is None:
                outside.append(base)
                continue
            base = native
        if base not in bases:
            bases.append(base)
    if outside and not any(isinstance(base, type) and issubclass(base, Instantiable) for base in bases):
        return OutsideSubclass(node.name, scope.module, outside[0], interpreter)
    for keyword in node.keywords:
        if keyword.arg == "metaclass":
            meta = interpreter.evaluate(keyword.value, scope)
            if meta is not interpreter.models.values.get("abc.ABCMeta"):
                raise interpreter.refuse(UNSUPPORTED_PYTHON, "metaclasses are not evaluated", place)
    body = Scope(kind="class", file=scope.file, module=scope.module, names={}, parent=scope)
    interpreter.run_block(node.body, body)
    namespace = {
        **body.names,
        "__module__": scope.module,
        "__qualname__": node.name,
        "__doc__": ast.get_docstring(node, clean=False),
        PROJECT_MARK: True,
    }
    for name, wrap in _IMPLICIT.items():
        if isinstance(namespace.get(name), Function):
            namespace[name] = wrap(namespace[name])
    keywords = {}
    if any(hasattr(base, PROJECT_MARK) for base in bases):
        keywords = {
            keyword.arg: interpreter.evaluate(keyword.value, scope)
            for keyword in node.keywords
            if keyword.arg is not None and keyword.arg != "metaclass"
        }
    made = interpreter.native(place, _new_class, node.name, tuple(bases), keywords, namespace)
    if isinstance(made, type):
        _own(made, namespace)
    return made


def _own(made: type, namespace: dict[str, Value]) -> None:
    """Tells the functions inside of descriptors whose they are, for `super()`."""
    for name, value in namespace.items():
        inner = (getattr(value, part, None) for part in ("__func__", "fget", "fset", "func"))
        for function in inner if isinstance(value, _DESCRIPTORS) else ():
            if isinstance(function, Function):
                function.__set_name__(made, name)


def _new_class(
    name: str, bases: tuple[Any, ...], keywords: dict[str, Value], namespace: dict[str, Value]
) -> type:
    def fill(target: dict[str, Value]) -> None:
        for key, value in namespace.items():
            target[key] = value

    return types.new_class(name, bases, keywords, fill)

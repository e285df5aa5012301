"""Outputs made of outputs, without a task of their own: `.map`, `.zip`, `.concat`, `.filter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call
from leoflow_compiler.evaluate.values import Place, Value
from leoflow_compiler.models import edges
from leoflow_compiler.models.graph import RETURN_VALUE, Label, Method, Relative, XCom

if TYPE_CHECKING:
    from leoflow_compiler.models.graph import Task

DERIVATIONS = ("map", "zip", "concat", "filter")


class Derived(Relative):
    """What the runtime makes of other outputs when it reads them."""

    class_paths = ("airflow.sdk.XComArg",)

    def __init__(self, kind: str, inputs: list[Value], interpreter: Interpreter, **extra: Value) -> None:
        self.kind = kind  # one of DERIVATIONS
        self.inputs = inputs  # outputs, or literal values beside them
        self.interpreter = interpreter
        self.extra = extra  # `function` of map and filter, `fillvalue` of zip

    def tasks(self) -> list[Task]:
        """Each task that it reads, once."""
        found: dict[int, Task] = {}
        for source in self.inputs:
            for task in source.roots if isinstance(source, (XCom, Derived)) else ():
                found[id(task)] = task
        return list(found.values())

    @property
    def roots(self) -> list[Any]:
        return self.tasks()

    @property
    def leaves(self) -> list[Any]:
        return self.tasks()

    def relate(self, other: Value, *, upstream: bool, label: Label | None = None) -> None:
        for task in self.tasks():
            edges.relate_task(task, other, upstream=upstream, label=label)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in DERIVATIONS:
            return Method(name, lambda call: derive(self, call), interpreter)
        return super().get_attribute(name, interpreter, place)

    def __iter__(self) -> Any:
        raise TypeError(f"'{self.kind.capitalize()}XComArg' object is not iterable")


def derive(source: XCom | Derived, call: Call) -> Derived:
    """One of `DERIVATIONS` by the call's name."""
    interpreter = call.interpreter
    if isinstance(source, XCom) and source.key != RETURN_VALUE:
        verb = "concatenate" if call.name == "concat" else "map against"
        raise Raised(ValueError(f"cannot {verb} non-return XCom"), call.place)
    if call.name in ("zip", "concat"):
        return Derived(call.name, [source, *call.args], interpreter, **call.kwargs)
    function = call.args[0] if call.args else call.kwargs.get("f")
    return Derived(call.name, [source], interpreter, function=function)

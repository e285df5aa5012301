"""contextlib, without `contextmanager`, which is in `models.contexts`."""

from __future__ import annotations

import contextlib

from leoflow_compiler.evaluate.branches import enter, leave
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, ModelValue, Place, Value


def register(models: Models) -> None:
    models.pure("contextlib", contextlib.suppress, contextlib.nullcontext)
    models.pure("contextlib", contextlib.AbstractContextManager)
    models.calls["contextlib.ExitStack"] = lambda call: Stack(call.interpreter)


class _Enter(CallableModel):
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.interpreter = stack.interpreter

    def call(self, call: Call) -> Value:
        manager = call.args[0] if call.args else call.kwargs.get("cm")
        value = enter(call.interpreter, manager, call.place)
        self.stack.managers.append(manager)
        return value


class Stack(ModelValue):
    """`ExitStack`: managers that are left together."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.managers: list[Value] = []

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name == "enter_context":
            return _Enter(self)
        raise AttributeError(name)

    def enter(self, interpreter: Interpreter, place: Place) -> Value:
        return self

    def exit(self, interpreter: Interpreter, place: Place) -> None:
        while self.managers:
            leave(interpreter, self.managers.pop(), place, None)

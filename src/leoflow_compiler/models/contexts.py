"""`contextlib.contextmanager`: generators of the project in `with`."""

from __future__ import annotations

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.generators import Generator
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, Function, ModelValue, Place, Value


def register(models: Models) -> None:
    models.calls["contextlib.contextmanager"] = _decorate


def _decorate(call: Call) -> Value:
    function = call.args[0] if call.args else None
    if not isinstance(function, Function):
        return call.interpreter.opaque("the decorated function is not the project's", call.place)
    return ContextFunction(function, call.interpreter)


class ContextFunction(CallableModel):
    """A function decorated with `@contextmanager`."""

    def __init__(self, function: Function, interpreter: Interpreter) -> None:
        self.function = function
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        made = call.interpreter.call(self.function, call.args, call.kwargs)
        if not isinstance(made, Generator):
            raise Raised(TypeError(f"'{type(made).__name__}' object is not an iterator"), call.place)
        return Context(made)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in ("__name__", "__doc__"):
            return getattr(self.function, name)
        if name == "__wrapped__":
            return self.function
        raise AttributeError(name)


class Context(ModelValue):
    """What such a call gives, to be used in one `with`."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def enter(self, interpreter: Interpreter, place: Place) -> Value:
        for value in self.generator:
            return value
        raise Raised(RuntimeError("generator didn't yield"), place)

    def exit(self, interpreter: Interpreter, place: Place) -> None:
        for _ in self.generator:
            raise Raised(RuntimeError("generator didn't stop"), place)

    def exit_with(self, error: BaseException, place: Place) -> bool:
        """Raises the block's exception where the generator waits; whether it was handled there."""
        try:
            self.generator.throw(Raised(error, place))
        except StopIteration:
            return True
        raise Raised(RuntimeError("generator didn't stop after throw()"), place)

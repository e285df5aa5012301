"""Abstract values.

What is known is represented by itself: `3` by 3, a list by a list (of values), a project class by a class
built here whose methods are `Function`s. What is not known is `Opaque`, and every native operation that
needs its value raises `Touched`, so that Python's own operations can run on containers that hold some.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MethodType
from typing import TYPE_CHECKING, Any, NoReturn

from leoflow_compiler.diagnostics import Span
from leoflow_compiler.evaluate.errors import Raised, Touched
from leoflow_compiler.source.tree import SourceFile
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter
    from leoflow_compiler.evaluate.library import Call
    from leoflow_compiler.evaluate.scope import Scope

# Any value of the evaluated program: native where known, else one of the classes below or of `models`.
Value = Any


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Place:
    """A node of a file, and the statement that it is part of."""

    file: SourceFile
    node: ast.AST
    statement: ast.AST

    @property
    def line(self) -> int:
        line: int = getattr(self.statement, "lineno", 1)  # a whole module has none
        return line

    def span(self) -> Span:
        """With columns."""
        return self.file.span_of(self.node)


class Unknown:
    """Base of what has no known value: every operation that needs it raises Touched."""

    __slots__ = ()

    def as_opaque(self) -> Opaque:
        """This as an opaque value."""
        raise NotImplementedError

    def _touched(self, *_: object) -> NoReturn:
        raise Touched(self.as_opaque())

    # fmt: off
    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _touched
    __len__ = __iter__ = __contains__ = __getitem__ = __str__ = __format__ = _touched
    __int__ = __index__ = __float__ = __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _touched
    __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __floordiv__ = __and__ = __or__ = __ror__ = _touched
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = __neg__ = __invert__ = __next__ = _touched
    __rand__ = __xor__ = __rxor__ = __pow__ = __rpow__ = __rfloordiv__ = __abs__ = __round__ = _touched
    __fspath__ = __bytes__ = __reversed__ = __matmul__ = __rmatmul__ = __divmod__ = __pos__ = _touched
    __repr__ = _touched
    # fmt: on

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


class Opaque(Unknown):
    """A value that is known only when the code runs: why, where, and what it was made from.

    `cascade`: it stands for something that has been reported already.
    """

    __slots__ = ("advice", "cascade", "cause", "place", "why")

    def __init__(
        self,
        why: str,
        place: Place,
        cause: Opaque | None = None,
        *,
        cascade: bool = False,
        advice: str | None = None,
    ) -> None:
        self.advice = advice  # what to write instead, where that is known
        self.why = why
        self.place = place
        self.cause = cause
        self.cascade: bool = cascade or (cause is not None and cause.cascade)

    def as_opaque(self) -> Opaque:
        return self

    def __call__(self, *_: object, **__: object) -> NoReturn:
        raise Touched(self)

    def remedy(self) -> str:
        """What to write instead of the source of this."""
        found = [link.advice for link in self.chain() if link.advice is not None]
        return found[-1] if found else "write the value in the file, or in a module or data file beside it"

    def chain(self) -> list[Opaque]:
        """From this value back to its source."""
        found: list[Opaque] = []
        link: Opaque | None = self
        while link is not None:
            found.append(link)
            link = link.cause
        return found


class Unset(Opaque):
    """Something read without a default and without a value; `… or default` gives it one."""

    __slots__ = ("take_default",)

    def __init__(
        self, why: str, place: Place, take_default: Callable[[], None], *, advice: str | None = None
    ) -> None:
        super().__init__(why, place, advice=advice)
        self.take_default = take_default  # records that it was read as unset


class Library(Unknown):
    """Something of an installed package, by its canonical dotted path. Never imported."""

    __slots__ = ("interpreter", "path")

    def __init__(self, path: str, interpreter: Interpreter) -> None:
        self.path = path
        self.interpreter = interpreter

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def modelled(self) -> bool:
        """Whether it is known what a call of it does."""
        return self.path in self.interpreter.models.calls

    def as_opaque(self) -> Opaque:
        why = f"`{self.path}` comes from an installed package, which is not read"
        top = self.path.partition(".")[0]
        advice = f"if `{top}` is a module of your own, put it into the project's folder"
        return self.interpreter.opaque(why, self.interpreter.here(), advice=advice)

    def __call__(self, *args: Value, **kwargs: Value) -> Value:
        return self.interpreter.call(self, args, kwargs)

    def __bool__(self) -> bool:  # type: ignore[override]
        """Modules, classes and functions are true. That what is imported is installed is assumed."""
        if self.modelled or not self.name.isupper():
            return True
        raise Touched(self.as_opaque())


class ModelValue:
    """Base of the values that libraries are modelled with: DAGs, tasks, factories, …"""

    structural = False  # part of a DAG's structure: handing it to unknown code is refused
    called = "a value of Airflow"  # in messages
    methods: tuple[str, ...] = ()  # what a misspelt name may have meant

    def __str__(self) -> str:
        raise TypeError(f"the text of a {type(self).__name__} is not known when the DAG is compiled")

    def __copy__(self) -> NoReturn:
        raise TypeError(f"copying a {type(self).__name__} is not evaluated")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(f"copying a {type(self).__name__} is not evaluated")

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        """The attribute's value. Raises AttributeError where there is none."""
        raise AttributeError(name)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        """Raises AttributeError where it cannot be set."""
        raise AttributeError(name)


class CallableModel(ModelValue):
    """A model that can be called, also by native code such as `map`."""

    interpreter: Interpreter

    def call(self, call: Call) -> Value:
        """Evaluates one call."""
        raise NotImplementedError

    def __call__(self, *args: Value, **kwargs: Value) -> Value:
        return self.interpreter.call(self, args, kwargs)


class Instantiable(ModelValue):
    """Base of native classes that project classes derive from and that make their instances themselves."""

    @classmethod
    def instantiate(cls, call: Call) -> Value:
        """What calling the class gives."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter of a project function. `kind` as in `inspect.Parameter`, in lower case."""

    name: str
    kind: str  # positional_only, positional_or_keyword, var_positional, keyword_only, var_keyword
    has_default: bool = False
    default: Value = None


# Methods that end a protocol of Python's by raising.
_PROTOCOLS: dict[str, tuple[type[Exception], ...]] = {
    "__next__": (StopIteration,),
    "__getattr__": (AttributeError,),
    "__getattribute__": (AttributeError,),
    "__getitem__": (IndexError, KeyError),
    "__missing__": (KeyError,),
}


class Function:
    """A function of the project: syntax plus environment. Called natively, it evaluates its body."""

    owner: type | None = None  # the class whose body defines it, for super()

    def __init__(
        self,
        *,
        interpreter: Interpreter,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        scope: Scope,
        parameters: Sequence[Parameter],
        place: Place,
        name: str = "<lambda>",
        doc: str | None = None,
        is_async: bool = False,
        annotations: Mapping[str, ast.expr] | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.node = node
        self.scope = scope
        self.parameters = tuple(parameters)
        self.place = place
        self.is_async = is_async
        self.annotations = annotations or {}
        self.__name__ = name
        self.__qualname__ = name
        self.__doc__ = doc
        self.__module__ = scope.module

    @cached_property
    def is_generator(self) -> bool:
        """Looked up when the function is called: bodies of tasks never are."""
        from leoflow_compiler.evaluate.statements import yields

        if isinstance(self.node, ast.Lambda) or "yield" not in self.scope.file.text:
            return False
        return yields(self.node)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __set_name__(self, owner: type, name: str) -> None:
        if self.owner is None:
            self.owner = owner

    def __call__(self, *args: Value, **kwargs: Value) -> Value:
        expected = _PROTOCOLS.get(self.__name__)
        if expected is None:
            return self.interpreter.call_function(self, args, kwargs)
        # Native code that calls these methods waits for the exception itself.
        self.interpreter.protected += 1
        try:
            return self.interpreter.call_function(self, args, kwargs)
        except Raised as raised:
            if isinstance(raised.value, expected):
                raise raised.value from None
            raise
        finally:
            self.interpreter.protected -= 1

    def __copy__(self) -> Function:
        return self

    def __deepcopy__(self, memo: object) -> Function:
        return self

    def __repr__(self) -> str:
        return f"<function {self.__qualname__}>"


class Module:
    """A module of the project: its file and its names. `Library` stands for all others."""

    def __init__(self, name: str, names: dict[str, Value]) -> None:
        self.name = name
        self.names = names

    def __repr__(self) -> str:
        return f"<module {self.name!r}>"


def opaque_within(value: Value, depth: int = 6) -> Opaque | None:
    """The first opaque value inside nested containers, or None."""
    if isinstance(value, Opaque):
        return value
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        items: Any = value
    elif depth and isinstance(value, dict):
        items = [*value.keys(), *value.values()]
    else:
        return None
    for item in items:
        found = opaque_within(item, depth - 1)
        if found is not None:
            return found
    return None


def structural_within(value: Value, depth: int = 6) -> ModelValue | None:
    """The first task, group or DAG inside nested containers, or None."""
    if isinstance(value, ModelValue) and value.structural:
        return value
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        items: Any = value
    elif depth and isinstance(value, dict):
        items = value.values()
    else:
        return None
    for item in items:
        found = structural_within(item, depth - 1)
        if found is not None:
            return found
    return None

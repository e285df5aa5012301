"""Parameters of task functions, without paying for `inspect` where a plain function is asked about."""

from __future__ import annotations

from types import FunctionType

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = range(5)
EMPTY: Any = object()

_CO_VARARGS = 0x04
_CO_VARKEYWORDS = 0x08


class Parameter:
    """One parameter: `kind` is one of the five constants above, `default` may be `EMPTY`."""

    __slots__ = ("default", "kind", "name")

    def __init__(self, name: str, kind: int, default: Any = EMPTY) -> None:
        self.name = name
        self.kind = kind
        self.default = default


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a callable, in order; `functools.wraps` is looked through."""
    if isinstance(function, FunctionType) and not hasattr(function, "__wrapped__"):
        return _of_function(function)
    import inspect

    found = inspect.signature(function).parameters.values()
    return [
        Parameter(p.name, int(p.kind), EMPTY if p.default is inspect.Parameter.empty else p.default)
        for p in found
    ]


def _of_function(function: FunctionType) -> list[Parameter]:
    code = function.__code__
    names = code.co_varnames
    positional, total = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    first_default = positional - len(defaults)
    found = []
    for index in range(positional):
        kind = POSITIONAL_ONLY if index < code.co_posonlyargcount else POSITIONAL_OR_KEYWORD
        default = defaults[index - first_default] if index >= first_default else EMPTY
        found.append(Parameter(names[index], kind, default))
    extra = total
    if code.co_flags & _CO_VARARGS:
        found.append(Parameter(names[extra], VAR_POSITIONAL))
        extra += 1
    keyword_defaults = function.__kwdefaults__ or {}
    for name in names[positional:total]:
        found.append(Parameter(name, KEYWORD_ONLY, keyword_defaults.get(name, EMPTY)))
    if code.co_flags & _CO_VARKEYWORDS:
        found.append(Parameter(names[extra], VAR_KEYWORD))
    return found


def check_call(
    params: Iterable[Parameter], args: Collection[Any], kwargs: Mapping[str, Any], given: Collection[str]
) -> None:
    """Raise TypeError unless the call fits; parameters named in `given` need not be passed."""
    left = len(args)
    unused = dict(kwargs)
    takes_any_keyword = False
    for param in params:
        if param.kind == VAR_POSITIONAL:
            left = 0
        elif param.kind == VAR_KEYWORD:
            takes_any_keyword = True
        elif param.kind != KEYWORD_ONLY and left > 0:
            left -= 1
            if param.kind == POSITIONAL_OR_KEYWORD and param.name in unused:
                raise TypeError(f"multiple values for argument {param.name!r}")
        elif param.kind != POSITIONAL_ONLY and param.name in unused:
            del unused[param.name]
        elif param.default is EMPTY and param.name not in given:
            raise TypeError(f"missing a required argument: {param.name!r}")
    if left > 0:
        raise TypeError("too many positional arguments")
    if unused and not takes_any_keyword:
        raise TypeError(f"got an unexpected keyword argument {next(iter(unused))!r}")


def keyword_arguments(
    function: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Those of `kwargs` that the function takes beside `args`; all of them when it has `**kwargs`.

    Raises ValueError when a positional argument is named like one of them.
    """
    params = parameters(function)
    for param in params[: len(args)]:
        if param.kind not in (KEYWORD_ONLY, VAR_KEYWORD) and param.name in kwargs:
            raise ValueError(f"The key {param.name!r} in args is a part of kwargs and therefore reserved.")
    if any(param.kind == VAR_KEYWORD for param in params):
        return dict(kwargs)
    return {param.name: kwargs[param.name] for param in params if param.name in kwargs}

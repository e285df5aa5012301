"""Binding arguments to parameters, with Python's rules and Python's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leoflow_compiler.evaluate.errors import Raised
from leoflow_compiler.evaluate.values import Function, Parameter, Place, Value


def bind(
    function: Function, args: Sequence[Value], kwargs: Mapping[str, Value], place: Place
) -> dict[str, Value]:
    """Every parameter's value, defaults filled in. Raises Raised(TypeError) where they do not fit."""
    try:
        return bind_parameters(function.__name__, function.parameters, args, kwargs)
    except TypeError as error:
        raise Raised(error, place) from None


def bind_parameters(
    name: str, parameters: Sequence[Parameter], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> dict[str, Value]:
    """Raises TypeError where arguments and parameters do not fit."""
    bound: dict[str, Value] = {}
    rest = dict(kwargs)
    given = list(args)
    positional = [p for p in parameters if p.kind in ("positional_only", "positional_or_keyword")]
    for parameter in positional:
        if given:
            bound[parameter.name] = given.pop(0)
    for parameter in parameters:
        if parameter.kind == "var_positional":
            bound[parameter.name] = tuple(given)
            given = []
        elif parameter.kind in ("positional_or_keyword", "keyword_only") and parameter.name in rest:
            if parameter.name in bound:
                raise TypeError(f"{name}() got multiple values for argument '{parameter.name}'")
            bound[parameter.name] = rest.pop(parameter.name)
    if given:
        raise TypeError(
            f"{name}() takes {len(positional)} positional argument{'s' * (len(positional) != 1)} "
            f"but {len(args)} {'were' if len(args) != 1 else 'was'} given"
        )
    keywords = next((p for p in parameters if p.kind == "var_keyword"), None)
    if keywords is not None:
        bound[keywords.name] = rest
    elif rest:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(rest))}'")
    missing = []
    for parameter in parameters:
        if parameter.name not in bound:
            if parameter.has_default:
                bound[parameter.name] = parameter.default
            else:
                missing.append(parameter.name)
    if missing:
        plural = "s" * (len(missing) != 1)
        names = " and ".join(f"'{one}'" for one in missing)
        raise TypeError(f"{name}() missing {len(missing)} required argument{plural}: {names}")
    return bound

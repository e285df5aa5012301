"""What classes and annotations are made with: dataclasses, enum, abc, typing."""

from __future__ import annotations

import abc
import collections.abc
import dataclasses
import enum
import typing

from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.models.standard.functions import decorator


def _abstract(function: object) -> object:
    return function


def register(models: Models) -> None:
    models.calls["dataclasses.dataclass"] = decorator(dataclasses.dataclass)
    models.pure("dataclasses", dataclasses.field, dataclasses.asdict, dataclasses.astuple)
    models.pure("dataclasses", dataclasses.replace, dataclasses.fields, dataclasses.is_dataclass)
    models.constants("dataclasses", {"KW_ONLY": dataclasses.KW_ONLY, "InitVar": dataclasses.InitVar})
    models.constants("dataclasses", {"MISSING": dataclasses.MISSING})
    models.pure_types.add(dataclasses.Field)
    models.pure(
        "enum", enum.Enum, enum.IntEnum, enum.StrEnum, enum.Flag, enum.IntFlag, enum.auto, enum.unique
    )
    models.constants("enum", {"ReprEnum": enum.ReprEnum, "property": enum.property})
    models.pure_types.update((enum.property, enum.EnumType))
    models.pure("abc", abc.ABC)
    models.constants("abc", {"ABCMeta": abc.ABCMeta, "abstractmethod": _abstract})
    models.values["abc.abstractproperty"] = property
    models.pure_functions.add(_abstract)
    _typing(models)


def _typing(models: Models) -> None:
    models.pure("typing", typing.NamedTuple)
    for module in ("typing", "typing_extensions"):
        models.constants(module, {"TYPE_CHECKING": False, "TypedDict": dict, "NamedTuple": typing.NamedTuple})
        models.constants(
            module, {"Dict": dict, "List": list, "Tuple": tuple, "Set": set, "FrozenSet": frozenset}
        )
        for name in ("Mapping", "MutableMapping", "Sequence", "Iterable"):
            models.values[f"{module}.{name}"] = getattr(collections.abc, name)
        models.calls[f"{module}.cast"] = lambda call: call.args[1] if len(call.args) > 1 else None
        models.calls[f"{module}.NewType"] = lambda call: call.args[1] if len(call.args) > 1 else None
        for name in ("TypeVar", "ParamSpec"):
            models.calls[f"{module}.{name}"] = lambda call: object
        for name in ("override", "final", "runtime_checkable", "overload", "no_type_check"):
            models.calls[f"{module}.{name}"] = lambda call: call.args[0] if call.args else None

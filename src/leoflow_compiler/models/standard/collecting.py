"""Containers: collections, copy, heapq, bisect, types."""

from __future__ import annotations

import bisect
import collections
import collections.abc
import copy
import heapq
import types
from typing import Any

from leoflow_compiler.evaluate.attributes import PROJECT_MARK
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Value


def register(models: Models) -> None:
    models.pure("collections", collections.OrderedDict, collections.defaultdict, collections.Counter)
    models.pure("collections", collections.deque, collections.ChainMap, collections.UserDict)
    models.pure("collections", collections.UserList)
    models.calls["collections.namedtuple"] = _namedtuple
    kinds: dict[str, Any] = {name: getattr(collections.abc, name) for name in collections.abc.__all__}
    models.constants("collections.abc", kinds)
    models.pure_types.update(kinds.values())
    models.pure("copy", copy.copy, copy.deepcopy)
    models.pure("bisect", bisect.bisect_left, bisect.bisect_right)
    models.values["bisect.bisect"] = bisect.bisect_right
    models.pure("heapq", heapq.nlargest, heapq.nsmallest)
    models.pure("types", types.SimpleNamespace)
    models.values["types.MappingProxyType"] = types.MappingProxyType
    models.pure_types.update(
        (types.MappingProxyType, types.UnionType, type(iter(collections.deque())), type(iter({}.items())))
    )


def _namedtuple(call: Call) -> Value:
    kind = call.interpreter.native(call.place, collections.namedtuple, *call.args, **call.kwargs)
    if isinstance(kind, type):
        setattr(kind, PROJECT_MARK, True)
    return kind

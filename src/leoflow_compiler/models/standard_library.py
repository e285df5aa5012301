"""The standard library: pure parts as they are, clocks and chance as opaque values."""

from __future__ import annotations

import abc
import base64
import calendar
import collections
import collections.abc
import contextlib
import copy
import csv
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import html
import io
import itertools
import json
import math
import operator
import pathlib
import posixpath
import re
import shlex
import statistics
import string
import textwrap
import tomllib
import types
import typing
import urllib.parse
import uuid
import zoneinfo
from collections.abc import Iterator
from typing import Any

from leoflow_compiler.evaluate import paths
from leoflow_compiler.evaluate.attributes import PROJECT_MARK
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Opaque, Value

_TYPES: dict[str, tuple[type, ...]] = {
    "datetime": (
        datetime.datetime,
        datetime.date,
        datetime.time,
        datetime.timedelta,
        datetime.timezone,
        datetime.tzinfo,
    ),
    "zoneinfo": (zoneinfo.ZoneInfo,),
    "collections": (
        collections.OrderedDict,
        collections.defaultdict,
        collections.Counter,
        collections.deque,
        collections.ChainMap,
    ),
    "decimal": (decimal.Decimal,),
    "fractions": (fractions.Fraction,),
    "enum": (enum.Enum, enum.IntEnum, enum.StrEnum, enum.Flag, enum.IntFlag, enum.auto),
    "functools": (functools.partial, functools.cached_property),
    # attrgetter and methodcaller would reach what `attributes` hides.
    "operator": (operator.itemgetter,),
    "itertools": (
        itertools.chain,
        itertools.product,
        itertools.permutations,
        itertools.combinations,
        itertools.groupby,
        itertools.combinations_with_replacement,
        itertools.islice,
        itertools.takewhile,
        itertools.dropwhile,
        itertools.accumulate,
        itertools.starmap,
        itertools.zip_longest,
        itertools.pairwise,
        itertools.filterfalse,
        itertools.compress,
    ),
    "contextlib": (contextlib.suppress, contextlib.nullcontext),
    "string": (string.Template,),
    "types": (types.SimpleNamespace,),
    "abc": (abc.ABC,),
    "csv": (csv.DictReader,),
    "io": (io.StringIO, io.BytesIO, io.TextIOWrapper),
    "re": (re.Pattern, re.Match),
}

_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "json": (json.dumps, json.loads, json.load),
    "tomllib": (tomllib.load, tomllib.loads),
    "csv": (csv.reader,),
    "math": tuple(
        value for name, value in vars(math).items() if callable(value) and not name.startswith("_")
    ),
    "operator": (
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.floordiv,
        operator.mod,
        operator.neg,
        operator.lt,
        operator.le,
        operator.eq,
        operator.ne,
        operator.ge,
        operator.gt,
        operator.and_,
        operator.or_,
        operator.xor,
        operator.not_,
        operator.contains,
        operator.getitem,
        operator.concat,
        operator.truth,
        operator.lshift,
        operator.rshift,
    ),
    "copy": (copy.copy, copy.deepcopy),
    "textwrap": (textwrap.dedent, textwrap.indent, textwrap.fill, textwrap.wrap, textwrap.shorten),
    "shlex": (shlex.quote, shlex.join, shlex.split),
    "re": (
        re.sub,
        re.match,
        re.search,
        re.fullmatch,
        re.findall,
        re.split,
        re.compile,
        re.escape,
        re.finditer,
    ),
    "functools": (
        functools.reduce,
        functools.cache,
        functools.wraps,
        functools.update_wrapper,
        functools.total_ordering,
    ),
    "itertools": (itertools.tee,),
    "statistics": (statistics.mean, statistics.median),
    "base64": (base64.b64encode, base64.b64decode, base64.urlsafe_b64encode, base64.urlsafe_b64decode),
    "hashlib": (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.sha512),
    "html": (html.escape, html.unescape),
    "urllib.parse": (
        urllib.parse.quote,
        urllib.parse.quote_plus,
        urllib.parse.urlencode,
        urllib.parse.urljoin,
        urllib.parse.urlparse,
    ),
    "os.path": (
        posixpath.join,
        posixpath.basename,
        posixpath.dirname,
        posixpath.splitext,
        posixpath.normpath,
        posixpath.split,
        posixpath.isabs,
    ),
    "dataclasses": (
        dataclasses.field,
        dataclasses.asdict,
        dataclasses.astuple,
        dataclasses.replace,
        dataclasses.fields,
    ),
    "enum": (enum.unique,),
    "typing": (typing.NamedTuple,),
    "uuid": (uuid.uuid5, uuid.uuid3),
    "calendar": (calendar.monthrange, calendar.isleap),
}

_CONSTANTS: dict[str, Value] = {
    "typing.TYPE_CHECKING": False,
    "typing.TypedDict": dict,
    "typing_extensions.TypedDict": dict,
    "typing.NamedTuple": typing.NamedTuple,
    "abc.ABCMeta": abc.ABCMeta,
    "abc.abstractmethod": staticmethod(lambda function: function).__func__,
    "datetime.UTC": datetime.UTC,
    "math.pi": math.pi,
    "math.e": math.e,
    "math.inf": math.inf,
    "os.sep": "/",
    "os.linesep": "\n",
    "dataclasses.KW_ONLY": dataclasses.KW_ONLY,
    "dataclasses.InitVar": dataclasses.InitVar,
    "enum.ReprEnum": enum.ReprEnum,
    "enum.property": enum.property,
    **{f"string.{name}": value for name, value in vars(string).items() if isinstance(value, str)},
    **{f"re.{name}": value for name, value in vars(re).items() if isinstance(value, re.RegexFlag)},
    **{f"collections.abc.{name}": getattr(collections.abc, name) for name in collections.abc.__all__},
    "typing.Mapping": collections.abc.Mapping,
    "typing.MutableMapping": collections.abc.MutableMapping,
    "typing.Dict": dict,
    "typing.List": list,
    "typing.Tuple": tuple,
    "typing.Set": set,
    "uuid.NAMESPACE_DNS": uuid.NAMESPACE_DNS,
    "uuid.NAMESPACE_URL": uuid.NAMESPACE_URL,
}

_CLOCK = "the clock is known only when the code runs"
_FILES = "the file system is known only when the code runs"
_FILE_METHODS = (
    "exists is_file is_dir open read_text read_bytes iterdir glob rglob stat resolve absolute mkdir cwd home "
    "expanduser write_text write_bytes touch unlink rename owner lstat is_symlink"
)


def register(models: Models) -> None:
    for module, kinds in _TYPES.items():
        for kind in kinds:
            models.values[f"{module}.{kind.__name__}"] = kind
            models.pure_types.add(kind)
    for module, functions in _FUNCTIONS.items():
        for function in functions:
            models.values[f"{module}.{function.__name__}"] = function
            models.pure_functions.add(function)
    models.values.update(_CONSTANTS)
    models.values["pathlib.Path"] = pathlib.PurePosixPath
    models.values["pathlib.PurePath"] = pathlib.PurePosixPath
    models.values["pathlib.PurePosixPath"] = pathlib.PurePosixPath
    models.pure_functions.add(_CONSTANTS["abc.abstractmethod"])
    models.pure_types.update(
        (
            pathlib.PurePosixPath,
            uuid.UUID,
            type(hashlib.sha256()),
            enum.property,
            enum.EnumType,
            type(functools.lru_cache(len)),
            type(itertools.repeat(0)),
            type(urllib.parse.urlparse("")),
            dataclasses.Field,
            type(csv.reader(())),
            types.UnionType,
            *[getattr(collections.abc, name) for name in collections.abc.__all__],
        )
    )
    for kind in (datetime.datetime, datetime.date):
        for name in ("now", "utcnow", "today"):
            models.impure[(kind, name)] = _CLOCK
    models.remedies[_CLOCK] = "write a fixed date, such as `datetime(2025, 1, 31)`"
    for name in _FILE_METHODS.split():
        models.impure[(pathlib.PurePosixPath, name)] = _FILES
    models.calls.update(
        {
            "collections.namedtuple": _namedtuple,
            "dataclasses.dataclass": _decorator(dataclasses.dataclass),
            "functools.lru_cache": _decorator(functools.lru_cache),
            "itertools.count": _count,
            "itertools.cycle": _cycle,
            "itertools.repeat": _repeat,
            "typing.cast": lambda call: call.args[1] if len(call.args) > 1 else None,
            "typing.TypeVar": lambda call: object,
            "warnings.warn": lambda call: None,
            "warnings.filterwarnings": lambda call: None,
            "logging.getLogger": _logger,
            "os.fspath": lambda call: call.interpreter.native(call.place, str, *call.args),
        }
    )
    paths.register_calls(models.calls)
    for name in ("safe_load", "load", "full_load"):
        models.calls[f"yaml.{name}"] = _yaml
    models.guards.update(
        {
            itertools.product: _guard_product,
            itertools.permutations: _guard_choices,
            itertools.combinations: _guard_choices,
            itertools.combinations_with_replacement: _guard_choices,
        }
    )
    for name in ("factorial", "comb", "perm"):
        models.guards[name] = _guard_integers


def _yaml(call: Call) -> Value:
    """Of text or an open file of the project, by PyYAML's safe loader."""
    import yaml

    source = call.args[0] if call.args else call.kwargs.get("stream")
    return call.interpreter.native(call.place, yaml.safe_load, source)


def _decorator(native: Any) -> Any:
    """A decorator that is used with and without arguments."""

    def apply(call: Call) -> Value:
        if call.args and callable(call.args[0]):
            return call.interpreter.native(call.place, native, *call.args)
        made = call.interpreter.native(call.place, native, *call.args, **call.kwargs)
        if callable(made):
            call.interpreter.models.pure_functions.add(made)
        return made

    return apply


def _logger(call: Call) -> Value:
    return call.interpreter.opaque("a logger has no value at compile time", call.place)


def _namedtuple(call: Call) -> Value:
    kind = call.interpreter.native(call.place, collections.namedtuple, *call.args, **call.kwargs)
    if isinstance(kind, type):
        setattr(kind, PROJECT_MARK, True)
    return kind


def _count(call: Call) -> Value:
    def numbers(start: Any = 0, step: Any = 1) -> Iterator[Any]:
        while True:
            call.interpreter.budget.step()
            yield start
            start += step

    return call.interpreter.native(call.place, numbers, *call.args, **call.kwargs)


def _cycle(call: Call) -> Value:
    items = call.interpreter.native(call.place, list, *call.args)

    def rounds() -> Iterator[Value]:
        while items:
            for item in items:
                call.interpreter.budget.step()
                yield item

    return items if isinstance(items, Opaque) else rounds()


def _repeat(call: Call) -> Value:
    if len(call.args) == 2 and isinstance(call.args[1], int):
        call.interpreter.budget.check_length(call.args[1])
        return iter([call.args[0]] * call.args[1])

    def again() -> Iterator[Value]:
        while True:
            call.interpreter.budget.step()
            yield call.args[0]

    return again()


def _guard_product(call: Call) -> None:
    count = 1
    for items in call.args[1:]:
        count *= len(items) if hasattr(items, "__len__") and not isinstance(items, Opaque) else 1000
    repeat = call.kwargs.get("repeat", 1)
    if isinstance(repeat, int) and 0 < repeat < 50:
        count = count**repeat
    call.interpreter.budget.check_length(count)


def _guard_choices(call: Call) -> None:
    items = call.args[1] if len(call.args) > 1 else ()
    size = len(items) if hasattr(items, "__len__") and not isinstance(items, Opaque) else 10
    chosen = call.args[2] if len(call.args) > 2 and isinstance(call.args[2], int) else size
    if 0 <= chosen <= size:
        many = math.comb(size, chosen) if "comb" in call.name else math.perm(size, min(chosen, 20))
        call.interpreter.budget.check_length(many)


def _guard_integers(call: Call) -> None:
    for value in call.args[1:]:
        if isinstance(value, int) and value > 2000:
            call.interpreter.budget.check_bits(value * 100)

"""Paths inside the project: where it lies is known only at run time, what lies in it is known now."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from leoflow_compiler.evaluate.errors import Raised, Touched
from leoflow_compiler.evaluate.library import Call
from leoflow_compiler.evaluate.values import CallableModel, Opaque, Place, Value

if TYPE_CHECKING:
    from leoflow_compiler.evaluate.interpreter import Interpreter

_WHERE = "where the project lies is known only at run time"
_KEEP_OUT = "keep the folder out of it: give it as `cwd=`, in `env=`, or as an argument of a `@task`"
_OUTSIDE = "what lies outside of the project is known only at run time"


class SourcePath(Opaque):
    """`__file__` and what is derived from it, as a string and as a `Path` alike."""

    __slots__ = ("interpreter", "relative")

    def __init__(self, relative: str, place: Place, interpreter: Interpreter) -> None:
        super().__init__(_WHERE, place, advice=_KEEP_OUT)
        self.relative = relative  # to the project's folder, which is ""
        self.interpreter = interpreter

    def as_opaque(self) -> Opaque:
        return self.interpreter.opaque(self.why, self.place, advice=self.advice)

    def at(self, *parts: Value) -> Value:
        """This path and more, as `/` and `os.path.join` make it."""
        relative = self.relative
        for part in parts:
            if isinstance(part, SourcePath):
                relative = part.relative
            elif isinstance(part, Opaque):
                return part
            elif not isinstance(part, (str, PurePosixPath)):
                raise TypeError(f"expected str or Path, not {type(part).__name__}")
            elif str(part).startswith("/"):
                return self.interpreter.opaque(_OUTSIDE, self.place)
            else:
                relative = posixpath.join(relative, str(part))
        normal = posixpath.normpath(relative) if relative else ""
        if normal == ".." or normal.startswith("../"):
            return self.interpreter.opaque(_OUTSIDE, self.place)
        return SourcePath("" if normal == "." else normal, self.place, self.interpreter)

    def followed_by(self, text: str) -> Value:
        """The text of this path with more text behind it, as `+` and f-strings make it."""
        if not text:
            return self
        return self.at(text[1:]) if text.startswith("/") and len(text) > 1 else self.as_opaque()

    def __truediv__(self, other: Value) -> Value:  # type: ignore[override]
        return self.at(other)

    def __add__(self, other: Value) -> Value:  # type: ignore[override]
        return self.followed_by(other) if isinstance(other, str) else self._touched()

    def __lt__(self, other: Value) -> Any:  # type: ignore[override]
        if not isinstance(other, SourcePath):
            self._touched()
        return PurePosixPath(self.relative) < PurePosixPath(other.relative)

    def __eq__(self, other: Value) -> Any:  # type: ignore[override]
        return self.relative == other.relative if isinstance(other, SourcePath) else self._touched()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.relative)

    @property
    def parent(self) -> Value:
        return self.at("..") if self.relative else self.interpreter.opaque(_OUTSIDE, self.place)

    def attribute(self, name: str) -> Value:
        """As of a `Path`."""
        path = PurePosixPath(self.relative)
        if name in ("name", "stem", "suffix", "suffixes") and self.relative:
            return getattr(path, name)
        if name == "parent":
            return self.parent
        if name == "parents":
            return _Parents(self)
        method = _METHODS.get(name)
        return _Method(name, self, method) if method is not None else self.as_opaque()

    # What the project has there

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        return self.relative in self.interpreter.files

    def is_dir(self) -> bool:
        inside = f"{self.relative}/"
        return not self.relative or any(path.startswith(inside) for path in self.interpreter.files)

    def read(self) -> bytes:
        """The file's bytes. Raises Raised as `open` would."""
        here = self.interpreter.here()
        if not self.is_file():
            kind = IsADirectoryError if self.is_dir() else FileNotFoundError
            advice = "only files of the project are there when the DAG is compiled, and where its tasks run"
            message = f"`{self.relative or '.'}` is no file of the project"
            raise Raised(kind(message), here, advice=lambda: advice)
        file = self.interpreter.files[self.relative]
        try:
            self.interpreter.budget.check_length(file.stat().st_size)
            return file.read_bytes()
        except OSError as error:
            raise Raised(type(error)(f"`{self.relative}`: {error.strerror}"), here) from None

    def opened(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> Value:
        """A file object; opaque where it would be written."""
        if not isinstance(mode, str) or set(mode) - set("rtb"):
            return self.interpreter.opaque("a file is written only when the code runs", self.place)
        data = io.BytesIO(self.read())
        return data if "b" in mode else io.TextIOWrapper(data, encoding or "utf-8", errors, newline)

    def text(self, encoding: str | None = None, errors: str | None = None) -> str:
        try:
            return io.TextIOWrapper(io.BytesIO(self.read()), encoding or "utf-8", errors).read()
        except (UnicodeDecodeError, LookupError) as error:
            raise Raised(error, self.interpreter.here()) from None


class _Parents(tuple[Value, ...]):
    """`Path.parents`; further out than the project nothing is known."""

    path: SourcePath

    def __new__(cls, path: SourcePath) -> _Parents:
        found: list[Value] = []
        parent = path.parent
        while isinstance(parent, SourcePath):
            found.append(parent)
            parent = parent.parent
        made = super().__new__(cls, found)
        made.path = path
        return made

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, int) or not 0 <= index < len(self):
            raise Touched(self.path.as_opaque())
        return super().__getitem__(index)


def _listing() -> Any:
    from leoflow_compiler.evaluate import listing

    return listing


class _Method(CallableModel):
    """A bound method of a path."""

    def __init__(self, name: str, path: SourcePath, function: Callable[..., Value]) -> None:
        self.__name__ = name
        self.path = path
        self.function = function
        self.interpreter = path.interpreter

    def call(self, call: Call) -> Value:
        return call.interpreter.native(call.place, self.function, self.path, *call.args, **call.kwargs)


_METHODS: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(("resolve", "absolute", "expanduser", "as_posix", "__str__"), lambda path, **_: path),
    "joinpath": SourcePath.at,
    "with_name": lambda path, name: path.parent.at(name),
    "with_suffix": lambda path, suffix: path.parent.at(PurePosixPath(path.relative).stem + suffix),
    "exists": SourcePath.exists,
    "is_file": SourcePath.is_file,
    "is_dir": SourcePath.is_dir,
    "open": SourcePath.opened,
    "read_text": SourcePath.text,
    "read_bytes": SourcePath.read,
    "glob": lambda path, pattern: iter(_listing().matching(path, pattern)),
    "rglob": lambda path, pattern: iter(_listing().matching(path, f"**/{pattern}")),
    "iterdir": lambda path: iter([entry.path for entry in _listing().entries(path)]),
}

# Functions that give a path, or a part of one, for a path.
_FUNCTIONS: Mapping[object, Callable[..., Value]] = {
    PurePosixPath: SourcePath.at,
    posixpath.join: SourcePath.at,
    str: lambda path: path,
    posixpath.normpath: lambda path: path,
    posixpath.dirname: lambda path: path.parent,
    posixpath.basename: lambda path: path.attribute("name"),
    posixpath.split: lambda path: (path.parent, path.attribute("name")),
}


def on_path(callee: Value, args: tuple[Value, ...]) -> Callable[..., Value] | None:
    """What stands for a native function whose first argument is a path of the project."""
    known = isinstance(callee, type) or getattr(callee, "__module__", None) == "posixpath"
    return _FUNCTIONS.get(callee) if known and args and isinstance(args[0], SourcePath) else None


def register_calls(calls: dict[str, Callable[[Call], Value]]) -> None:
    """`open` and the functions of `os.path` that ask the file system."""
    calls["builtins.open"] = calls["io.open"] = _asking(SourcePath.opened)
    for name in ("abspath", "realpath", "expanduser"):
        calls[f"os.path.{name}"] = _asking(lambda path: path)
    calls["os.path.exists"] = _asking(SourcePath.exists)
    calls["os.path.isfile"] = _asking(SourcePath.is_file)
    calls["os.path.isdir"] = _asking(SourcePath.is_dir)


def _asking(function: Callable[..., Value]) -> Callable[[Call], Value]:
    def ask(call: Call) -> Value:
        args, kwargs = call.args, dict(call.kwargs)
        first = args[0] if args else kwargs.pop("file", kwargs.pop("path", None))
        if isinstance(first, SourcePath):
            return call.interpreter.native(call.place, function, first, *args[1:], **kwargs)
        if isinstance(first, Opaque):
            return first
        advice = "for a file of the project, start at `Path(__file__).parent`"
        why = "the file system is known only when the code runs"
        return call.interpreter.opaque(why, call.place, advice=advice)

    return ask

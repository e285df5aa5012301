"""Environment variables and Airflow Variables: `compile.env`, then the default in the source, else opaque."""

from __future__ import annotations

import json
from typing import Any

from leoflow_compiler.evaluate.errors import Raised, Touched
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import CallableModel, ModelValue, Opaque, Place, Unset, Value

_MISSING: Any = object()


def register(models: Models) -> None:
    models.calls["os.getenv"] = lambda call: _read_call(call)
    models.calls["airflow.sdk.Variable.get"] = _variable


class Environment(ModelValue):
    """`os.environ`. What the file writes into it is kept for what it reads later."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def _whole(self) -> Opaque:
        why = "the environment is known only when the code runs"
        return self.interpreter.opaque(why, self.interpreter.here())

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name == "get":
            return _Get(interpreter)
        if name == "setdefault":
            return _SetDefault(self)
        if name == "update":
            return _Update(self)
        if name in ("items", "keys", "values", "copy", "pop"):
            return self._whole()
        raise AttributeError(name)

    def __getitem__(self, key: Value) -> Value:
        return read(self.interpreter, key, _MISSING, self.interpreter.here())

    def __contains__(self, key: Value) -> bool:
        if isinstance(key, str) and key in _written(self.interpreter):
            return True
        if isinstance(key, str) and key in self.interpreter.environment:
            record(self.interpreter, "env", key, self.interpreter.environment[key])
            return True
        why = f"whether `{key}` is set is known only when the code runs"
        raise Touched(self.interpreter.opaque(why, self.interpreter.here()))

    def __setitem__(self, key: Value, value: Value) -> None:
        if isinstance(key, str):
            doubt = self.interpreter.speculation
            _written(self.interpreter)[key] = value if doubt is None else doubt

    def keys(self) -> Any:
        raise Touched(self._whole())

    __iter__ = __or__ = __ror__ = lambda self, *_: self.keys()


class PythonVersion(ModelValue):
    """`sys.version_info`: the interpreter is chosen later, but it is 3.9 or newer."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def _compared(self, other: Value, answer: bool) -> bool:
        if isinstance(other, tuple) and all(isinstance(part, int) for part in other) and other <= (3, 9):
            return answer
        why = "the version of Python is known only when the code runs"
        raise Touched(self.interpreter.opaque(why, self.interpreter.here()))

    def __ge__(self, other: Value) -> bool:
        return self._compared(other, True)

    def __lt__(self, other: Value) -> bool:
        return self._compared(other, False)

    def __gt__(self, other: Value) -> bool:
        return self._compared(other, True)  # as long as the real one: `(3, 9, …) > (3, 9)`

    def __le__(self, other: Value) -> bool:
        return self._compared(other, False)

    def __getitem__(self, index: Value) -> Value:
        return 3 if index == 0 else self._compared(None, True)

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name == "major":
            return 3
        raise AttributeError(name)


def _written(interpreter: Interpreter) -> dict[str, Value]:
    """What the file itself has set. Never recorded: it sets it again where its tasks run."""
    found: dict[str, Value] = interpreter.records.setdefault("written_environment", {})
    return found


class _SetDefault(CallableModel):
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.interpreter = environment.interpreter

    def call(self, call: Call) -> Value:
        key, *rest = call.args
        value = read(call.interpreter, key, rest[0] if rest else _MISSING, call.place)
        self.environment[key] = value
        return value


class _Update(CallableModel):
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.interpreter = environment.interpreter

    def call(self, call: Call) -> Value:
        values = call.interpreter.native(call.place, dict, *call.args, **call.kwargs)
        if not isinstance(values, Opaque):
            for key, value in values.items():
                self.environment[key] = value
        return None


class _Get(CallableModel):
    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def call(self, call: Call) -> Value:
        return _read_call(call)


def attach(interpreter: Interpreter) -> None:
    interpreter.models.values["os.environ"] = Environment(interpreter)
    interpreter.models.values["sys.version_info"] = PythonVersion(interpreter)


def _read_call(call: Call) -> Value:
    arguments = {**dict(zip(("key", "default"), call.args, strict=False)), **call.kwargs}
    if "key" not in arguments:
        raise Raised(TypeError("getenv() missing 1 required positional argument: 'key'"), call.place)
    return read(call.interpreter, arguments["key"], arguments.get("default", _MISSING), call.place)


def read(interpreter: Interpreter, key: Value, default: Value, place: Place) -> Value:
    """One environment variable."""
    if isinstance(key, Opaque):
        return key
    if not isinstance(key, str):
        raise Raised(TypeError("str expected"), place)
    if key in _written(interpreter):
        return _written(interpreter)[key]
    if key in interpreter.environment:
        record(interpreter, "env", key, interpreter.environment[key])
        return interpreter.environment[key]
    if default is _MISSING:
        why = f"the environment variable `{key}` has no value at compile time"
        advice = (
            f"give a default: `os.getenv({key!r}, …)`, or set `{key}` under `compile: env:` in leoflow.yaml"
        )
        interpreter.opaque_count += 1
        return Unset(why, place, lambda: record(interpreter, "env", key, None), advice=advice)
    record(interpreter, "env", key, None)
    return default


def _variable(call: Call) -> Value:
    arguments = {**dict(zip(("key", "default", "deserialize_json"), call.args, strict=False)), **call.kwargs}
    key = arguments.get("key")
    if isinstance(key, Opaque):
        return key
    if not isinstance(key, str):
        raise Raised(TypeError("Variable.get() missing 1 required positional argument: 'key'"), call.place)
    environment = call.interpreter.environment
    for name in (f"AIRFLOW_VAR_{key.upper()}", key):
        if name in environment:
            record(call.interpreter, "variables", key, environment[name])
            if arguments.get("deserialize_json"):
                return call.interpreter.native(call.place, json.loads, environment[name])
            return environment[name]
    default = arguments.get("default", arguments.get("default_var", _MISSING))
    if default is _MISSING:
        why = f"the variable `{key}` has no value at compile time"
        advice = (
            f"give a default: `Variable.get({key!r}, default=…)`, "
            f"or set `AIRFLOW_VAR_{key.upper()}` under `compile: env:` in leoflow.yaml"
        )
        return call.interpreter.opaque(why, call.place, advice=advice)
    if not isinstance(default, Opaque):
        record(call.interpreter, "variables", key, default)
    return default


def record(interpreter: Interpreter, kind: str, key: str, value: Value) -> None:
    """Keeps what the structure was evaluated with."""
    interpreter.records.setdefault("evaluated_with", {}).setdefault(kind, {})[key] = value

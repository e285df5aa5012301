"""XCom values as JSON text, and back: what comes back equals what went in, or nothing goes in.

JSON's own types are themselves. A tuple becomes a list, as in every JSON. Of other types, those below
are tagged: `{"__leoflow__": "datetime", "value": "2026-01-02T03:04:05+00:00"}`.
"""

from __future__ import annotations

import json
import math
from typing import Any, Dict

from leoflow_runtime.child.tagged import READERS, WRITERS

LIMIT_BYTES = 256 * 1024
TAG = "__leoflow__"


class ValueNotStorable(TypeError):
    """A value that has no JSON form here; `key` and the offending `kind` are in the text too."""

    def __init__(self, key: str, kind: str, where: str, hint: str) -> None:
        self.key = key
        self.kind = kind
        place = f" (at {where})" if where else ""
        super().__init__(f"The XCom {key!r} cannot hold a value of type {kind}{place}: {hint}")


class ValueTooLarge(ValueError):
    """A value whose JSON is larger than an XCom may be; sizes in bytes."""

    def __init__(self, key: str, size: int) -> None:
        self.key = key
        self.size = size
        super().__init__(
            f"The XCom {key!r} is {size:,} bytes of JSON, more than the limit of {LIMIT_BYTES:,}; "
            "write the data to a file or an object store and return where it is."
        )


def encode(value: Any, key: str) -> str:
    """Compact JSON text. Raises ValueNotStorable or ValueTooLarge."""
    try:
        plain = _plain(value, key, "")
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        hint = "a value that deep, or one that contains itself, has no JSON form; return a flatter one."
        raise ValueNotStorable(key, _name(type(value)), "", hint) from None
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        # Lone surrogates have no UTF-8 form; as escapes they have a JSON one.
        text = json.dumps(json.loads(text), allow_nan=False, separators=(",", ":"))
        size = len(text)
    if size > LIMIT_BYTES:
        raise ValueTooLarge(key, size)
    return text


def decode(value: Any) -> Any:
    """The object that a parsed JSON value stands for."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        if TAG in value and value.keys() <= {TAG, "value"}:
            content = decode(value.get("value"))
            if value[TAG] == "dict":
                return dict(content)
            if value[TAG] in READERS:
                return READERS[value[TAG]](content)
        return {name: decode(item) for name, item in value.items()}
    return value


def _plain(value: Any, key: str, where: str) -> Any:
    kind = type(value)
    if value is None or kind in (str, bool, int):
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        raise ValueNotStorable(
            key, f"float ({value})", where, "JSON has no such number; return None or a string."
        )
    if kind in (list, tuple):
        return [_plain(item, key, f"{where}[{index}]") for index, item in enumerate(value)]
    if kind is dict:
        return _object(value, key, where)
    writer = WRITERS.get(kind.__module__ + "." + kind.__qualname__)
    if writer is not None:
        name, write = writer
        written = write(value)
        if written is not None:
            return {TAG: name, "value": _plain(written, key, where)}
    return _relative(value, key, where)


def _object(value: Dict[Any, Any], key: str, where: str) -> Any:
    plain = {}
    for name, item in value.items():
        if type(name) is not str:
            raise ValueNotStorable(
                key, f"dict with a key of type {type(name).__name__}", where, "use strings as keys."
            )
        plain[name] = _plain(item, key, f"{where}[{name!r}]")
    # A dict that looks like one of our tags is tagged itself, so that it comes back as it was.
    return {TAG: "dict", "value": list(map(list, plain.items()))} if TAG in plain else plain


def _relative(value: Any, key: str, where: str) -> Any:
    """Kin of the plain types: subclasses that lose nothing, and scalars of other libraries."""
    kind = type(value)
    if isinstance(value, dict) and kind.__module__ == "collections":
        return _plain(dict(value), key, where)
    if kind.__module__ == "numpy" or kind.__module__.startswith("numpy."):
        if getattr(value, "ndim", 1) == 0:
            return _plain(value.item(), key, where)
        raise ValueNotStorable(key, "numpy." + kind.__name__, where, "return value.tolist().")
    if _is_pendulum(kind) and hasattr(value, "isoformat") and hasattr(value, "timestamp"):
        return {TAG: "datetime", "value": value.isoformat()}
    raise ValueNotStorable(key, _name(kind), where, _hint(value))


def _is_pendulum(kind: type) -> bool:
    return kind.__module__ == "pendulum" or kind.__module__.startswith("pendulum.")


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _hint(value: Any) -> str:
    kind = type(value)
    if hasattr(kind, "_asdict"):
        return "return value._asdict() or a plain list."
    if hasattr(kind, "__dataclass_fields__"):
        return "return dataclasses.asdict(value)."
    if hasattr(kind, "__members__"):
        return "return value.value."
    if hasattr(kind, "model_dump"):
        return "return value.model_dump(mode='json')."
    if hasattr(kind, "to_dict") and hasattr(kind, "columns"):
        return "return value.to_dict('records'), or write a file and return its path."
    if hasattr(value, "__next__") or isinstance(value, (range, type({}.keys()), type({}.values()))):
        return "return list(value)."
    if isinstance(value, str):
        return "return str(value)."
    if isinstance(value, (int, float)):
        return "return it as a plain number."
    return "return strings, numbers, booleans, lists, dicts or dates."

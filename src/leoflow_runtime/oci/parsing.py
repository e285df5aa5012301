"""JSON that strangers have written: one meaning for every reader, and a bounded depth."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class Malformed(ValueError):
    """The message is the end of a sentence."""


def parse_json(data: bytes, *, depth: int = 100) -> Any:
    """Strict JSON (RFC 8259) in UTF-8, without duplicate keys, NaN or lone surrogates (RFC 7493, 2).

    Raises Malformed.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise Malformed(f"it is nested deeper than {depth}") from None
    except UnicodeError:
        raise Malformed("it is not UTF-8") from None
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"it is not JSON: {error}") from error
    _check_depth(value, depth)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Malformed(f"the key {twice[:80]!r} is there twice")
    return found


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is no number")


def _check_depth(value: Any, depth: int) -> None:
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise Malformed(f"it is nested deeper than {depth}")

"""A JSON Schema as one function that says "surely valid" fast; `jsonschema` explains what it does not accept.

Checking a document with `jsonschema` takes longer than all the rest of its compilation, and importing it
longer still. Nearly every document is valid, so this comes first: the schema's rules as closures, made once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from datetime import datetime
from typing import Any

Accepts = Callable[[Any], bool]
_SAYS_NOTHING = frozenset({"$schema", "$id", "$defs", "title", "description", "default", "then", "else"})
_SIMPLE: Mapping[str, Accepts] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


class UnknownKeyword(Exception):
    """The schema uses a keyword that has no rule here."""


def acceptance(schema: Mapping[str, Any]) -> Accepts:
    """True only for what the schema allows; False where it does not, and sometimes where it does.

    Raises UnknownKeyword.
    """
    return _Rules(schema).of(schema)


class _Rules:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._named: dict[str, Accepts | None] = {}  # None: being made, because definitions name themselves

    def of(self, schema: Any) -> Accepts:
        if isinstance(schema, bool):
            return lambda _value: schema
        rules = [
            self._rule(name, limit, schema) for name, limit in schema.items() if name not in _SAYS_NOTHING
        ]
        if len(rules) == 1:
            return rules[0]
        return _all_of(rules)

    def _rule(self, name: str, limit: Any, schema: Mapping[str, Any]) -> Accepts:
        make = _RULES.get(name)
        if make is None:
            raise UnknownKeyword(name)
        return make(self, limit, schema)

    def reference(self, path: str, _schema: Mapping[str, Any]) -> Accepts:
        name = path.removeprefix("#/$defs/")
        if name not in self._named:
            self._named[name] = None
            self._named[name] = self.of(self._root["$defs"][name])
        known = self._named[name]
        return known if known is not None else lambda value: self._later(name)(value)

    def _later(self, name: str) -> Accepts:
        known = self._named[name]
        assert known is not None
        return known

    def object_rule(self, properties: Mapping[str, Any], schema: Mapping[str, Any]) -> Accepts:
        """`properties` and `additionalProperties` together: each key is looked up once."""
        rules = {name: self.of(rule) for name, rule in properties.items()}
        more = schema.get("additionalProperties", True)
        other = None if more is False else self.of(more)

        def accepts(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key, item in value.items():
                rule = rules.get(key, other)
                if rule is None or not rule(item):
                    return False
            return True

        return accepts

    def additional(self, _limit: Any, schema: Mapping[str, Any]) -> Accepts:
        return self.object_rule({}, schema) if "properties" not in schema else lambda _value: True

    def items(self, item: Any, _schema: Mapping[str, Any]) -> Accepts:
        rule = self.of(item)
        return lambda value: not isinstance(value, list) or all(map(rule, value))

    def property_names(self, names: Any, _schema: Mapping[str, Any]) -> Accepts:
        rule = self.of(names)
        return lambda value: not isinstance(value, dict) or all(map(rule, value))

    def all_of(self, parts: list[Any], _schema: Mapping[str, Any]) -> Accepts:
        return _all_of([self.of(part) for part in parts])

    def any_of(self, parts: list[Any], _schema: Mapping[str, Any]) -> Accepts:
        return _any_of([self.of(part) for part in parts])

    def one_of(self, parts: list[Any], _schema: Mapping[str, Any]) -> Accepts:
        rules = [self.of(self._exact(part)) for part in parts]
        return lambda value: sum(rule(value) for rule in rules) == 1

    def condition(self, when: Any, schema: Mapping[str, Any]) -> Accepts:
        applies, then, otherwise = (
            self.of(self._exact(when)),
            self.of(schema.get("then", True)),
            self.of(schema.get("else", True)),
        )
        return lambda value: then(value) if applies(value) else otherwise(value)

    def _exact(self, schema: Any) -> Any:
        """A part that is counted, or decides: "not surely" would be a wrong answer there."""
        text, pending, seen = json.dumps(schema), _named_in(json.dumps(schema)), set[str]()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                definition = json.dumps(self._root["$defs"][name])
                text += definition
                pending |= _named_in(definition)
        if '"format"' in text or '"uniqueItems"' in text:
            raise UnknownKeyword("a rule that is not exact, where a part of the schema is counted or decides")
        return schema


def _all_of(rules: Sequence[Accepts]) -> Accepts:
    # A loop, because `all` over a generator takes three times as long.
    def accepts(value: Any) -> bool:
        for rule in rules:  # noqa: SIM110
            if not rule(value):
                return False
        return True

    return accepts


def _any_of(rules: Sequence[Accepts]) -> Accepts:
    def accepts(value: Any) -> bool:
        for rule in rules:  # noqa: SIM110
            if rule(value):
                return True
        return False

    return accepts


def _named_in(text: str) -> set[str]:
    return set(re.findall(r'"#/\$defs/(\w+)"', text))


def _type(limit: Any, _schema: Mapping[str, Any]) -> Accepts:
    if isinstance(limit, str):
        return _SIMPLE[limit]
    rules = [_SIMPLE[name] for name in limit]
    return _any_of(rules)


def _enum(limit: list[Any], _schema: Mapping[str, Any]) -> Accepts:
    if not all(isinstance(one, str) for one in limit):
        raise UnknownKeyword("enum of other things than strings")
    known = frozenset(limit)
    return lambda value: isinstance(value, str) and value in known


def _const(limit: Any, _schema: Mapping[str, Any]) -> Accepts:
    return lambda value: type(value) is type(limit) and value == limit


def _pattern(limit: str, _schema: Mapping[str, Any]) -> Accepts:
    search = re.compile(limit).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _format(limit: str, _schema: Mapping[str, Any]) -> Accepts:
    if limit != "date-time":
        raise UnknownKeyword(f"format {limit}")

    def accepts(value: Any) -> bool:
        if not isinstance(value, str):
            return True
        try:
            return _DATE_TIME.fullmatch(value) is not None and datetime.fromisoformat(value) is not None
        except ValueError:
            return False

    return accepts


def _unique(limit: bool, _schema: Mapping[str, Any]) -> Accepts:
    def accepts(value: Any) -> bool:
        if not limit or not isinstance(value, list):
            return True
        return all(isinstance(item, str) for item in value) and len(set(value)) == len(value)

    return accepts


def _required(limit: list[str], _schema: Mapping[str, Any]) -> Accepts:
    names = frozenset(limit)
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _on_numbers(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Mapping[str, Any]], Accepts]:
    return lambda limit, _schema: (
        lambda value: not isinstance(value, (int, float)) or isinstance(value, bool) or compare(value, limit)
    )


def _on_lengths(
    kind: type[Sized], compare: Callable[[int, int], bool]
) -> Callable[[Any, Mapping[str, Any]], Accepts]:
    return lambda limit, _schema: lambda value: not isinstance(value, kind) or compare(len(value), limit)


def _plain(make: Callable[[Any, Mapping[str, Any]], Accepts]) -> Callable[..., Accepts]:
    return lambda _rules, limit, schema: make(limit, schema)


_RULES: Mapping[str, Callable[[_Rules, Any, Mapping[str, Any]], Accepts]] = {
    "$ref": _Rules.reference,
    "properties": _Rules.object_rule,
    "additionalProperties": _Rules.additional,
    "items": _Rules.items,
    "propertyNames": _Rules.property_names,
    "allOf": _Rules.all_of,
    "anyOf": _Rules.any_of,
    "oneOf": _Rules.one_of,
    "if": _Rules.condition,
    "type": _plain(_type),
    "enum": _plain(_enum),
    "const": _plain(_const),
    "pattern": _plain(_pattern),
    "format": _plain(_format),
    "uniqueItems": _plain(_unique),
    "required": _plain(_required),
    "minimum": _plain(_on_numbers(lambda value, limit: value >= limit)),
    "maximum": _plain(_on_numbers(lambda value, limit: value <= limit)),
    "exclusiveMinimum": _plain(_on_numbers(lambda value, limit: value > limit)),
    "minLength": _plain(_on_lengths(str, lambda size, limit: size >= limit)),
    "maxLength": _plain(_on_lengths(str, lambda size, limit: size <= limit)),
    "minItems": _plain(_on_lengths(list, lambda size, limit: size >= limit)),
    "maxItems": _plain(_on_lengths(list, lambda size, limit: size <= limit)),
}

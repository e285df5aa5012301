"""One rule of the schema that one value breaks, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_compiler.project.records import KeyPath
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from jsonschema import ValidationError

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_BOUNDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}
# What a pattern of the schema means, for people.
_PATTERNS = {
    r"^[A-Za-z0-9_.-]+$": "made of letters, digits, `_`, `-` and `.`",
    r"^3\.(9|[1-9][0-9])$": 'a minor version of Python 3, from "3.9" on',
    r"^[a-z0-9][a-z0-9+.:~=-]*$": "the name of a Debian package",
    r"^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9_]+)?$": "a platform such as linux/amd64",
    r"^[a-z][a-z0-9_-]*$": "a connection type such as postgres",
    r"^[0-9]+(\.[0-9]+)?(m|[kMGTPE]|[KMGTPE]i)?$": "a quantity such as 500m, 2 or 1Gi",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "a name such as API_KEY",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})?)?$": "a date such as 2026-01-31",
}


# What a key with several forms takes.
_ALTERNATIVES = {"schedule": "a cron expression, a preset such as @daily, or `{delta_seconds: 3600}`"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """The rule, the value, and where it stands."""

    rule: str
    limit: Any
    value: Any
    known: Mapping[str, Any]  # the keys that the mapping may have
    path: KeyPath
    in_key: bool  # the value is itself a key

    @classmethod
    def of(cls, error: ValidationError) -> Breach:
        rules: Any = error.schema
        in_key = "propertyNames" in error.absolute_schema_path
        path: tuple[Any, ...] = tuple(error.absolute_path)
        return cls(
            rule=str(error.validator),
            limit=error.validator_value,
            value=error.instance,
            known=rules.get("properties", {}),
            path=(*path, str(error.instance)) if in_key else path,
            in_key=in_key,
        )


def expectation(breach: Breach) -> str:
    """What the value must be, to follow "must be"."""
    rule, limit, value = breach.rule, breach.limit, breach.value
    if rule == "type":
        return f"{_KINDS[limit]}, not {kind_of(value)}"
    if rule == "const":
        return f'the text "{limit}"'
    if rule == "enum":
        return "one of " + ", ".join(f"`{item}`" for item in limit)
    if rule == "pattern":
        return f"{_PATTERNS[limit]}, not `{value}`"
    if rule == "oneOf":
        return _ALTERNATIVES.get(str(breach.path[-1]), "a task, a list of tasks, or `{task_id, key}`")
    if rule in ("minLength", "minItems"):
        return "not empty"
    if rule == "uniqueItems":
        return "a list without repetitions"
    if rule == "maxLength":
        return f"at most {limit} characters long"
    return f"{_BOUNDS[rule]} {limit}, not {value}"


def advice(breach: Breach, raw: str | None) -> str | None:
    """What to write instead, where that is known; `raw` is the scalar as it stands in the file."""
    scalar = not isinstance(breach.value, (list, dict))
    if breach.rule == "type" and breach.value is None:
        return "give it a value, or remove the key"
    if breach.rule == "type" and breach.limit in ("integer", "number", "boolean") and _unquoted(breach):
        return f"write it without quotes: {raw}"
    if breach.rule == "type" and breach.limit == "string" and raw and scalar:
        return f'put it in quotes: "{raw}"'
    if breach.rule == "type" and breach.limit == "array" and isinstance(breach.value, str):
        return f"write a list: [{breach.value}]"
    if breach.rule == "type" and breach.limit == "object" and isinstance(breach.value, list):
        return "write `name: value` lines without a `-` before them"
    if breach.rule == "const" and raw == breach.limit:
        return f'put it in quotes: "{raw}"'
    if breach.rule == "enum" and isinstance(breach.value, str):
        return did_you_mean(breach.value, breach.limit)
    return None


def _unquoted(breach: Breach) -> bool:
    """Whether the text would be what is wanted if it were not quoted."""
    if not isinstance(breach.value, str):
        return False
    if breach.limit == "boolean":
        return breach.value.lower() in ("true", "false", "yes", "no", "on", "off")
    return breach.value.isdecimal()


def kind_of(value: Any) -> str:
    """A YAML value's kind, for people."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    return "a date" if isinstance(value, date) else "binary data"

"""What is wrong with a `leoflow.yaml`, in plain words at its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from leoflow_compiler.diagnostics.catalogue import project as codes
from leoflow_compiler.diagnostics.records import Diagnostic, Span
from leoflow_compiler.diagnostics.suggestion import did_you_mean, nearest
from leoflow_compiler.project.records import CONFIG_FILE, KeyPath, Place
from leoflow_compiler.project.requirement import requirement_problem
from leoflow_compiler.project.yaml_reader import YamlDocument
from leoflow_runtime.artifact.resources import schema

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

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
}


def check_config(document: YamlDocument) -> Iterator[Diagnostic]:
    """Every way in which the document differs from the schema, and every bad requirement."""
    if not isinstance(document.value, dict):
        found = "is empty" if document.value is None else f"holds {_kind_of(document.value)}"
        yield Diagnostic(
            code=codes.MISSING_KEY,
            message=f"the file {found}; it must be a mapping with at least `dag_id`",
            span=Span(file=CONFIG_FILE, line=1),
            help="`leoflow init PATH` writes a complete example",
        )
        return
    for error in _validator().iter_errors(document.value):
        yield from _translate(_Breach.of(error), document)
    dependencies = document.value.get("dependencies")
    if isinstance(dependencies, list):
        for index, entry in enumerate(dependencies):
            problem = requirement_problem(entry) if isinstance(entry, str) and entry else None
            if problem is not None:
                yield Diagnostic(
                    code=codes.BAD_REQUIREMENT,
                    message=f"`{entry}` is not a requirement: {problem}",
                    span=document.places[("dependencies", index)].value,
                )


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema("leoflow-yaml"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Breach:
    """One rule of the schema that one value breaks."""

    rule: str
    limit: Any
    value: Any
    known: Mapping[str, Any]  # the keys that the mapping may have
    path: KeyPath
    in_key: bool  # the value is itself a key

    @classmethod
    def of(cls, error: ValidationError) -> _Breach:
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


def _translate(breach: _Breach, document: YamlDocument) -> Iterator[Diagnostic]:
    if breach.rule == "additionalProperties":
        yield from _unknown_keys(breach, document.places)
    elif breach.rule == "required":
        for key in breach.limit:
            # A misspelt key is told once, as what it is.
            misspelt = any(nearest(other, [key]) for other in breach.value if other not in breach.known)
            if key not in breach.value and not misspelt:
                yield Diagnostic(
                    code=codes.MISSING_KEY,
                    message=f"`{key}` is missing",
                    span=Span(file=CONFIG_FILE, line=1),
                    help=f"add `{key}: my_dag`, with the id that the code declares",
                )
    else:
        yield _wrong_value(breach, document)


def _unknown_keys(breach: _Breach, places: Mapping[KeyPath, Place]) -> Iterator[Diagnostic]:
    for key in breach.value:
        if key in breach.known:
            continue
        span = _place(places, (*breach.path, key)).key
        if breach.path == () and key == "dag":
            yield Diagnostic(
                code=codes.DECLARATIVE_DAG,
                message="`dag:` (a DAG declared in YAML) is not supported by this version of Leoflow",
                span=span,
                help="declare the tasks in dag.py and remove `dag:`",
            )
            continue
        where = f" in `{_dotted(breach.path)}`" if breach.path else ""
        yield Diagnostic(
            code=codes.UNKNOWN_KEY,
            message=f"unknown key `{key}`{where}",
            span=span,
            help=did_you_mean(key, breach.known),
        )


def _wrong_value(breach: _Breach, document: YamlDocument) -> Diagnostic:
    place = _place(document.places, breach.path)
    subject = f"`{_dotted(breach.path)}`"
    if breach.in_key:
        subject = f"the key `{breach.path[-1]}` in `{_dotted(breach.path[:-1])}`"
    return Diagnostic(
        code=codes.WRONG_VALUE,
        message=f"{subject} must be {_expectation(breach)}",
        span=place.key if breach.in_key else place.value,
        help=_help(breach, document.raw_scalars.get(breach.path)),
    )


def _expectation(breach: _Breach) -> str:
    rule, limit, value = breach.rule, breach.limit, breach.value
    if rule == "type":
        return f"{_KINDS[limit]}, not {_kind_of(value)}"
    if rule == "const":
        return f'the text "{limit}"'
    if rule == "enum":
        return "one of " + ", ".join(f"`{item}`" for item in limit)
    if rule == "pattern":
        return f"{_PATTERNS[limit]}, not `{value}`"
    if rule in ("minLength", "minItems"):
        return "not empty"
    if rule == "uniqueItems":
        return "a list without repetitions"
    if rule == "maxLength":
        return f"at most {limit} characters long"
    return f"{_BOUNDS[rule]} {limit}, not {value}"


def _help(breach: _Breach, raw: str | None) -> str | None:
    scalar = not isinstance(breach.value, (list, dict))
    if breach.rule == "type" and breach.value is None:
        return "give it a value, or remove the key"
    if breach.rule == "type" and breach.limit in ("integer", "number", "boolean") and _unquoted(breach):
        return f"write it without quotes: {raw}"
    if breach.rule == "type" and breach.limit == "string" and raw and scalar:
        return f'put it in quotes: "{raw}"'
    if breach.rule == "type" and breach.limit == "array" and isinstance(breach.value, str):
        return f"write a list: [{breach.value}]"
    if breach.rule == "const" and raw == breach.limit:
        return f'put it in quotes: "{raw}"'
    if breach.rule == "enum" and isinstance(breach.value, str):
        return did_you_mean(breach.value, breach.limit)
    return None


def _unquoted(breach: _Breach) -> bool:
    """Whether the text would be what is wanted if it were not quoted."""
    if not isinstance(breach.value, str):
        return False
    if breach.limit == "boolean":
        return breach.value.lower() in ("true", "false", "yes", "no", "on", "off")
    return breach.value.isdecimal()


def _kind_of(value: Any) -> str:
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


def _place(places: Mapping[KeyPath, Place], path: KeyPath) -> Place:
    while path:
        if path in places:
            return places[path]
        path = path[:-1]
    start = Span(file=CONFIG_FILE, line=1, column=1)
    return Place(key=start, value=start)


def _dotted(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text

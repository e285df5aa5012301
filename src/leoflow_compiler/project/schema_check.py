"""What is wrong with a `leoflow.yaml`, in plain words at its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from leoflow_compiler.diagnostics.catalogue import project as codes
from leoflow_compiler.diagnostics.records import Diagnostic, Span
from leoflow_compiler.diagnostics.suggestion import did_you_mean, nearest
from leoflow_compiler.project.breach import Breach, advice, expectation, kind_of
from leoflow_compiler.project.records import CONFIG_FILE, KeyPath, Place
from leoflow_compiler.project.requirement import requirement_problem
from leoflow_compiler.project.yaml_reader import YamlDocument
from leoflow_runtime.artifact.acceptance import Accepts, acceptance
from leoflow_runtime.artifact.resources import schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def check_config(document: YamlDocument) -> Iterator[Diagnostic]:
    """Every way in which the document differs from the schema, and every bad requirement."""
    if not isinstance(document.value, dict):
        found = "is empty" if document.value is None else f"holds {kind_of(document.value)}"
        yield Diagnostic(
            code=codes.MISSING_KEY,
            message=f"the file {found}; it must be a mapping with at least `dag_id`",
            span=Span(file=CONFIG_FILE, line=1),
            help="`leoflow init PATH` writes a complete example",
        )
        return
    if not _accepts()(document.value):
        for error in _validator().iter_errors(document.value):
            yield from _translate(Breach.of(error), document)
    dependencies = document.value.get("dependencies")
    if isinstance(dependencies, list):
        for index, entry in enumerate(dependencies):
            problem = requirement_problem(entry) if isinstance(entry, str) and entry else None
            if problem is not None:
                yield Diagnostic(
                    code=codes.BAD_REQUIREMENT,
                    message=f"`{entry}` is not a requirement: {problem}",
                    span=_place(document.places, ("dependencies", index)).value,
                )


@cache
def _accepts() -> Accepts:
    return acceptance(schema("leoflow-yaml"))


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema("leoflow-yaml"))


def _translate(breach: Breach, document: YamlDocument) -> Iterator[Diagnostic]:
    if breach.rule == "additionalProperties":
        yield from _unknown_keys(breach, document.places)
    elif breach.rule == "required":
        for key in breach.limit:
            # A misspelt key is told once, as what it is.
            misspelt = any(nearest(other, [key]) for other in breach.value if other not in breach.known)
            if key not in breach.value and not misspelt:
                yield _missing(key, breach, document)
    else:
        yield _wrong_value(breach, document)


def _missing(key: str, breach: Breach, document: YamlDocument) -> Diagnostic:
    if not breach.path:
        span = Span(file=CONFIG_FILE, line=1)
        advice = f"add `{key}: my_dag`, with the id that the code declares"
        return Diagnostic(code=codes.MISSING_KEY, message=f"`{key}` is missing", span=span, help=advice)
    message = f"`{key}` is missing in `{_dotted(breach.path)}`"
    return Diagnostic(code=codes.MISSING_KEY, message=message, span=_place(document.places, breach.path).key)


def _unknown_keys(breach: Breach, places: Mapping[KeyPath, Place]) -> Iterator[Diagnostic]:
    for key in breach.value:
        if key in breach.known:
            continue
        span = _place(places, (*breach.path, key)).key
        where = f" in `{_dotted(breach.path)}`" if breach.path else ""
        yield Diagnostic(
            code=codes.UNKNOWN_KEY,
            message=f"unknown key `{key}`{where}",
            span=span,
            help=did_you_mean(key, breach.known, most=40),
        )


def _wrong_value(breach: Breach, document: YamlDocument) -> Diagnostic:
    place = _place(document.places, breach.path)
    subject = f"`{_dotted(breach.path)}`"
    if breach.in_key:
        subject = f"the key `{breach.path[-1]}` in `{_dotted(breach.path[:-1])}`"
    return Diagnostic(
        code=codes.WRONG_VALUE,
        message=f"{subject} must be {expectation(breach)}",
        span=place.key if breach.in_key else place.value,
        help=advice(breach, document.raw_scalars.get(breach.path)),
    )


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

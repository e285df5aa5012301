"""What a task tells its executor: `executor_config`, and in it `pod_override` as JSON of Kubernetes' API."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from leoflow_compiler.diagnostics.catalogue.airflow import BAD_ARGUMENT, KEPT_BY_POD
from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.evaluate.library import place_of
from leoflow_compiler.evaluate.values import Library, Opaque, Place, Value
from leoflow_compiler.lower.assets import literals
from leoflow_compiler.lower.values import Argument, json_value, plain_number, short
from leoflow_compiler.models.kubernetes_objects import KubernetesObject, attributes_by_class
from leoflow_runtime.artifact.pod_override import CONTAINER, KEPT_BY_BASE, breaches

_OVERRIDE = "pod_override"
_PLAIN: dict[str, tuple[type, str]] = {
    "str": (str, "a string"),
    "int": (int, "a whole number"),
    "bool": (bool, "True or False"),
}
_UNREAD = "$unread"  # stands for a value that only the running file knows
# Amounts, which the API takes as text and people write as numbers.
_QUANTITIES = frozenset({"limits", "requests", "capacity"})


def executor_config(argument: Argument) -> tuple[dict[str, Any] | None, list[Refusal]]:
    """The value for dag.json, with warnings of what no pod will take. Raises Interruption."""
    value = argument.known()
    if value is None:
        return None, []
    if not isinstance(value, dict):
        raise argument.wrong("a dict")
    others = {name: item for name, item in value.items() if name != _OVERRIDE}
    # That they are there counts: some are refused by name.
    found = {**dict.fromkeys(others, _UNREAD), **literals(others)}
    override = value.get(_OVERRIDE)
    if override is None:
        return found or None, []
    lowering = _Lowering(argument)
    found[_OVERRIDE] = lowering.value(override, "V1Pod", "", argument.place)
    return found, list(lowering.kept(found[_OVERRIDE]))


class _Lowering:
    """One override, with the places at which its parts are written."""

    def __init__(self, argument: Argument) -> None:
        self._argument = argument
        self._places: dict[str, Place] = {}

    def kept(self, override: dict[str, Any]) -> Iterator[Refusal]:
        """A warning for each field that a pod keeps."""
        for breach in breaches(override):
            path = breach.path
            while path not in self._places and "." in path:
                path = path.rpartition(".")[0]
            place = self._places.get(path, self._argument.place)
            yield Refusal(KEPT_BY_POD, f"{breach} (of {self._argument.owner})", place)

    def value(self, value: Value, kind: str, path: str, place: Place) -> Any:
        """`value` of the kind that the table says, as JSON."""
        self._places[path] = place
        self._check_known(value, path, place)
        if kind.startswith("List:"):
            if not isinstance(value, (list, tuple)):
                raise self._wrong(value, "a list", path, place)
            inner = kind.removeprefix("List:")
            return [
                self.value(item, inner, f"{path}[{index}]", _own(item, place))
                for index, item in enumerate(value)
            ]
        if kind in attributes_by_class():
            return self._object(value, kind, path, place)
        if kind == "Dict":
            return self._strings(value, path, place)
        if kind == "datetime" and isinstance(value, datetime.datetime):
            return value.isoformat()
        if kind in _PLAIN:
            wanted, called = _PLAIN[kind]
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                raise self._wrong(value, called, path, place)
            return str(value) if wanted is str else value
        found = json_value(value)
        if kind != "object" or not isinstance(found, (str, int, float, bool, list, dict)):
            raise self._wrong(value, "a value of JSON", path, place)
        return found

    def _object(self, value: Value, kind: str, path: str, place: Place) -> dict[str, Any]:
        if not isinstance(value, KubernetesObject) or value.kind != kind:
            raise self._wrong(value, f"a `{kind}`", path, place)
        found: dict[str, Any] = {}
        for name, item in value.given.items():
            at = place_of(value.place, name)
            attribute = value.attributes.get(name)
            if attribute is None:
                raise self._refusal(
                    f"`{kind}` has no attribute `{name}`", at, did_you_mean(name, value.attributes)
                )
            below = f"{path}.{attribute.json_name}".lstrip(".")
            if _is_kept(value, attribute.json_name) and isinstance(item, Opaque):
                self._places[below] = at
                found[attribute.json_name] = _UNREAD
            elif item is not None:
                found[attribute.json_name] = self.value(item, attribute.kind, below, at)
        for name, attribute in value.attributes.items():
            if attribute.is_needed and attribute.json_name not in found:
                raise self._refusal(f"`{kind}` needs `{name}`", value.place)
        return found

    def _strings(self, value: Value, path: str, place: Place) -> dict[str, str]:
        if not isinstance(value, dict):
            raise self._wrong(value, "a dict of strings", path, place)
        found = {}
        for key, item in value.items():
            below = f"{path}[{key}]"
            self._check_known(item, below, place)
            is_number = isinstance(item, (int, float)) and not isinstance(item, bool)
            if is_number and path.rpartition(".")[2] in _QUANTITIES:
                item = str(plain_number(item))
            if not isinstance(key, str) or not isinstance(item, str):
                raise self._wrong(item, "a string", below, place)
            found[str(key)] = str(item)
        return found

    def _check_known(self, value: Value, path: str, place: Place) -> None:
        interpreter = self._argument.interpreter
        if isinstance(value, Library):
            why = f"`{value.path}` comes from an installed package, which is not read"
            value = interpreter.opaque(why, place)
        if isinstance(value, Opaque):
            raise interpreter.structure_needs(value, f"`{_shown(path)}` of {self._argument.owner}", place)

    def _wrong(self, value: Value, expected: str, path: str, place: Place) -> Refusal:
        given = f"a `{value.kind}`" if isinstance(value, KubernetesObject) else short(value)
        return self._refusal(f"`{_shown(path)}` has to be {expected}, not {given}", place)

    def _refusal(self, message: str, place: Place, help: str | None = None) -> Refusal:
        return Refusal(BAD_ARGUMENT, f"{message} (`{_OVERRIDE}` of {self._argument.owner})", place, help=help)


def _is_kept(value: KubernetesObject, json_name: str) -> bool:
    """Whatever it is: no pod takes it."""
    is_base = value.kind == "V1Container" and value.given.get("name") == CONTAINER
    return is_base and json_name in KEPT_BY_BASE


def _own(value: Value, place: Place) -> Place:
    return value.place if isinstance(value, KubernetesObject) else place


def _shown(path: str) -> str:
    return f"{_OVERRIDE}.{path}" if path else _OVERRIDE

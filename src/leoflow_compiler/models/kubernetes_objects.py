"""Objects of the package `kubernetes` that a pod is written with: `k8s.V1Pod(spec=k8s.V1PodSpec(…))`.

The package is not read. Its classes and their attributes are a table: release 37, whose classes hold those
of earlier releases, as far as they are part of a pod. `tests/compiler/library/test_kubernetes_objects.py`
compares the two, and writes the table anew.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Call, CallModel
from leoflow_compiler.evaluate.values import ModelValue, Place, Value
from leoflow_runtime.light import dataclass

TABLE = Path(__file__).with_name("kubernetes_objects.json")
_PACKAGE = "kubernetes.client."


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """`kind`: str, int, bool, datetime, object, Dict (of strings), a class, or `List:` and one of these."""

    json_name: str
    kind: str
    is_needed: bool = False

    @classmethod
    def parse(cls, text: str) -> Attribute:
        """`text` as in the table: `mountPath str needed`."""
        json_name, kind, *needed = text.split()
        return cls(json_name=json_name, kind=kind, is_needed=bool(needed))


@cache
def attributes_by_class() -> Mapping[str, Mapping[str, Attribute]]:
    """Class -> name of an attribute in Python -> what it is."""
    table = json.loads(TABLE.read_text("utf-8"))
    return {
        kind: {name: Attribute.parse(text) for name, text in found.items()} for kind, found in table.items()
    }


class KubernetesObject(ModelValue):
    """An instance by its class and what was given.

    What it lacks or should not have is said where it is used.
    """

    called = "an object of Kubernetes"

    def __init__(self, kind: str, given: dict[str, Value], place: Place) -> None:
        self.kind = kind
        self.given = given
        self.place = place

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return attributes_by_class()[self.kind]

    def get_attribute(self, name: str, interpreter: Interpreter, place: Place) -> Value:
        if name in self.given:
            return self.given[name]
        if name in self.attributes:
            return None
        return interpreter.opaque(f"`{name}` of a `{self.kind}` is known only to its package", place)

    def set_attribute(self, name: str, value: Value, interpreter: Interpreter, place: Place) -> None:
        self.given[name] = value

    def __copy__(self) -> KubernetesObject:  # type: ignore[override]
        return KubernetesObject(self.kind, dict(self.given), self.place)

    def __deepcopy__(self, memo: dict[int, Value]) -> KubernetesObject:  # type: ignore[override]
        return KubernetesObject(self.kind, copy.deepcopy(self.given, memo), self.place)


def model_of(path: str) -> CallModel | None:
    """What a call of the class at `path` makes; None: it is none that a pod is written with."""
    kind = path.rpartition(".")[2]
    if not path.startswith(_PACKAGE) or not kind[:1].isupper() or kind not in attributes_by_class():
        return None

    def make(call: Call) -> Value:
        by_position = dict(zip(attributes_by_class()[kind], call.args, strict=False))
        return KubernetesObject(kind, {**by_position, **call.kwargs}, call.place)

    return make

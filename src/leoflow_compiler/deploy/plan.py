"""What a deployment will do, before it does any of it: a value that can be shown, kept and carried out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from leoflow_compiler.client.control_plane import ControlPlane
from leoflow_compiler.client.errors import Forbidden, NotFound
from leoflow_compiler.diff.changes import Change, changes
from leoflow_compiler.image.lock import Lock

PLAN_VERSION = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """What the DAG needs and the server does not have."""

    connections: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    is_known: bool = True  # False: this login may not ask

    def __bool__(self) -> bool:
        return bool(self.connections or self.variables)


@dataclass(frozen=True, kw_only=True, slots=True)
class Builder:
    """A tool that builds in containers when the plan is carried out, and what goes in."""

    name: str
    arguments: tuple[str, ...]  # the user's own
    context_digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One DAG from its compiled document to a server. `document` has no image yet."""

    server: str
    folder: str  # the project, absolute
    document: Mapping[str, Any]
    image: str  # repository:tag
    image_digest: str | None  # None: known when `builder` has pushed it
    image_size: int | None  # bytes, compressed, the base included
    to_send: tuple[tuple[str, int], ...]  # layers of ours that the registry lacks, with their bytes
    lock: str  # leoflow.lock as it was then
    runs_now: int | None  # the server's current version; None: the DAG is new to it
    changes: tuple[Change, ...]
    is_current: bool  # the server runs these very bytes
    missing: Missing = field(default_factory=Missing)
    builder: Builder | None = None
    signed_by: str | None = None  # the fingerprint of the key; None: whoever carries it out may sign, or not

    @property
    def dag_id(self) -> str:
        return str(self.document["dag_id"])

    @property
    def requires(self) -> Mapping[str, Sequence[str]]:
        """`connections` and `variables` that the DAG names."""
        found: Mapping[str, Sequence[str]] = self.document.get("requires", {})
        return found

    def pinned(self, image_digest: str) -> dict[str, Any]:
        """The document as it is registered: with its image by digest."""
        return {**self.document, "image": f"{self.image.rpartition(':')[0]}@{image_digest}"}

    def to_bytes(self) -> bytes:
        return (json.dumps({"plan_version": PLAN_VERSION, **asdict(self)}, indent=2) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Plan:
        """Raises ValueError."""
        raw = json.loads(data)
        if not isinstance(raw, dict) or raw.pop("plan_version", None) != PLAN_VERSION:
            raise ValueError("it is no plan of this version of Leoflow")
        try:
            Lock.from_bytes(raw["lock"].encode())
            return cls(
                **{
                    **raw,
                    "to_send": tuple((name, size) for name, size in raw["to_send"]),
                    "changes": tuple(Change(**one) for one in raw["changes"]),
                    "missing": _missing(raw["missing"]),
                    "builder": _builder(raw.get("builder")),
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is damaged: {error}") from error


def _missing(raw: Mapping[str, Any]) -> Missing:
    names = {kind: tuple(raw[kind]) for kind in ("connections", "variables")}
    return Missing(**names, is_known=bool(raw["is_known"]))


def _builder(raw: Mapping[str, Any] | None) -> Builder | None:
    return Builder(**{**raw, "arguments": tuple(raw["arguments"])}) if raw is not None else None


def what_runs(control_plane: ControlPlane, dag_id: str) -> Mapping[str, Any] | None:
    """The server's current version with its document; None where it does not know the DAG."""
    try:
        return control_plane.version(dag_id)
    except NotFound:
        return None


def compared(current: Mapping[str, Any] | None, document: Mapping[str, Any]) -> tuple[Change, ...]:
    """What the server's behaviour changes by, the image aside."""
    if current is None:
        return ()
    before = {key: value for key, value in current["document"].items() if key != "image"}
    return changes(before, document)


def missing_on(control_plane: ControlPlane, document: Mapping[str, Any]) -> Missing:
    """Connections and variables that the DAG names and the server lacks."""
    requires = document.get("requires", {})
    try:
        return Missing(
            connections=_without(requires.get("connections", ()), control_plane.has_connection),
            variables=_without(requires.get("variables", ()), control_plane.has_variable),
        )
    except Forbidden:
        return Missing(is_known=False)


def _without(names: Sequence[str], is_there: Any) -> tuple[str, ...]:
    return tuple(name for name in names if not is_there(name))

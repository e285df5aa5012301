"""Two documents compared: tasks, edges, schedules, limits, and what is only for the eye."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Document = Mapping[str, Any]
Kind = Literal["added", "removed", "changed"]
# Differences of these are not behaviour.
_COSMETIC = frozenset(
    {
        "description",
        "doc_md",
        "dag_display_name",
        "task_display_name",
        "tags",
        "owner",
        "owner_links",
        "tooltip",
        "display_name",
        "edge_labels",
        "location",
        "files",
        "source",
    }
)
# Follow from the rest, or say nothing about what the DAG does.
_LEFT_OUT = frozenset({"dag_version", "schema_version"})
_LISTED = frozenset({"tasks", "task_groups", "requires", "params"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One difference. `subject`: "DAG", "task `x`", "group `x`", "edge", "requires", "param `x`"."""

    kind: Kind
    subject: str
    field: str = ""
    before: Any = None
    after: Any = None
    is_cosmetic: bool = False


def changes(before: Document, after: Document) -> tuple[Change, ...]:
    """In the order of the document: the DAG, its params and needs, groups, tasks, edges."""
    return (
        *_fields("DAG", before, after, _LISTED | _LEFT_OUT),
        *_mapping("param", before.get("params", {}), after.get("params", {})),
        *_requires(before, after),
        *_named("group", "group_id", before.get("task_groups", ()), after.get("task_groups", ())),
        *_named("task", "task_id", before["tasks"], after["tasks"]),
        *_edges(before, after),
    )


def _fields(
    subject: str, before: Mapping[str, Any], after: Mapping[str, Any], left_out: frozenset[str]
) -> Iterator[Change]:
    for name in sorted({*before, *after} - left_out):
        if before.get(name) == after.get(name):
            continue
        cosmetic = name in _COSMETIC
        shown = name not in ("source", "files", "location")
        yield Change(
            kind="changed",
            subject=subject,
            field=name,
            before=before.get(name) if shown else None,
            after=after.get(name) if shown else None,
            is_cosmetic=cosmetic,
        )


def _named(what: str, key: str, before: Any, after: Any) -> Iterator[Change]:
    old = {one[key]: one for one in before}
    new = {one[key]: one for one in after}
    for name in sorted({*old, *new}):
        subject = f"{what} `{name}`"
        if name not in new:
            yield Change(kind="removed", subject=subject, before=old[name].get("type"))
        elif name not in old:
            yield Change(kind="added", subject=subject, after=new[name].get("type"))
        else:
            yield from _fields(subject, old[name], new[name], frozenset({key, "depends_on"}))


def _mapping(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        subject = f"{what} `{name}`"
        if name not in after:
            yield Change(kind="removed", subject=subject, before=before[name])
        elif name not in before:
            yield Change(kind="added", subject=subject, after=after[name])
        elif before[name] != after[name]:
            yield Change(kind="changed", subject=subject, before=before[name], after=after[name])


def _requires(before: Document, after: Document) -> Iterator[Change]:
    for kind in ("connections", "variables"):
        old = set(before.get("requires", {}).get(kind, ()))
        new = set(after.get("requires", {}).get(kind, ()))
        for name in sorted(old | new):
            subject = f"{kind[:-1]} `{name}`"
            if name not in new:
                yield Change(kind="removed", subject=subject)
            elif name not in old:
                yield Change(kind="added", subject=subject)


def _edges(before: Document, after: Document) -> Iterator[Change]:
    tasks = {one["task_id"] for one in before["tasks"]} & {one["task_id"] for one in after["tasks"]}

    def edges(document: Document) -> set[tuple[str, str]]:
        return {(first, one["task_id"]) for one in document["tasks"] for first in one.get("depends_on", ())}

    old, new = edges(before), edges(after)
    for first, second in sorted(old ^ new):
        if {first, second} <= tasks:  # those of a task that came or went are told with it
            kind: Kind = "removed" if (first, second) in old else "added"
            yield Change(kind=kind, subject=f"edge `{first}` → `{second}`")

"""The tasks of a document and what they depend on, drawn as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def as_text(document: Document) -> str:
    """One line a task, in an order in which they can run, with what each waits for."""
    tasks = _in_run_order(document)
    width = max(len(task["task_id"]) for task in tasks)
    kinds = max(len(task["type"]) for task in tasks)
    lines = [f"{document['dag_id']} ({len(tasks)} task{'' if len(tasks) == 1 else 's'})"]
    for task in tasks:
        upstream = ", ".join(task.get("depends_on", ()))
        rule = task.get("trigger_rule")
        waits = (f"  ← {upstream}" if upstream else "") + (f"  ({rule})" if rule else "")
        lines.append(f"  {task['task_id'].ljust(width)}  {task['type'].ljust(kinds)}{waits}".rstrip())
    return "\n".join(lines) + "\n"


def as_mermaid(document: Document) -> str:
    """A Mermaid flowchart; node names are numbered, so that any task id is fine."""
    names = _names(document)
    lines = ["flowchart LR"]
    lines.extend(_mermaid_group(document, names, parent=None, indent="  "))
    for upstream, downstream, label in _edges(document):
        text = f'|"{_mermaid(label)}"|' if label else ""
        lines.append(f"  {names[upstream]} -->{text} {names[downstream]}")
    return "\n".join(lines) + "\n"


def as_dot(document: Document) -> str:
    """Graphviz."""
    lines = [f"digraph {_quoted(document['dag_id'])} {{", "  rankdir=LR;", "  node [shape=box];"]
    lines.extend(_dot_group(document, parent=None, indent="  "))
    for upstream, downstream, label in _edges(document):
        attributes = f" [label={_quoted(label)}]" if label else ""
        lines.append(f"  {_quoted(upstream)} -> {_quoted(downstream)}{attributes};")
    return "\n".join([*lines, "}"]) + "\n"


def _in_run_order(document: Document) -> list[Mapping[str, Any]]:
    """Tasks without unfinished upstreams first, by name among equals."""
    by_id = {task["task_id"]: task for task in document["tasks"]}
    waiting = {task_id: set(task.get("depends_on", ())) for task_id, task in by_id.items()}
    downstream: dict[str, list[str]] = {task_id: [] for task_id in by_id}
    for task_id, upstreams in waiting.items():
        for upstream in upstreams:
            downstream[upstream].append(task_id)
    ready = sorted(task_id for task_id, upstreams in waiting.items() if not upstreams)
    ordered: list[Mapping[str, Any]] = []
    while ready:
        following: list[str] = []
        for task_id in ready:
            ordered.append(by_id[task_id])
            for name in downstream[task_id]:
                waiting[name].discard(task_id)
                if not waiting[name]:
                    following.append(name)
        ready = sorted(following)
    return ordered


def _edges(document: Document) -> Iterator[tuple[str, str, str | None]]:
    for task in document["tasks"]:
        labels = task.get("edge_labels", {})
        for upstream in task.get("depends_on", ()):
            yield upstream, task["task_id"], labels.get(upstream)


def _names(document: Document) -> dict[str, str]:
    return {task["task_id"]: f"t{index}" for index, task in enumerate(document["tasks"])}


def _members(document: Document, parent: str | None) -> list[str]:
    return [task["task_id"] for task in document["tasks"] if task.get("task_group") == parent]


def _groups(document: Document, parent: str | None) -> list[str]:
    return [group["group_id"] for group in document.get("task_groups", ()) if group.get("parent") == parent]


def _mermaid_group(
    document: Document, names: Mapping[str, str], *, parent: str | None, indent: str
) -> Iterator[str]:
    for task_id in _members(document, parent):
        yield f'{indent}{names[task_id]}["{_mermaid(task_id)}"]'
    ids = [group["group_id"] for group in document.get("task_groups", ())]
    for group_id in _groups(document, parent):
        yield f'{indent}subgraph g{ids.index(group_id)}["{_mermaid(group_id)}"]'
        yield from _mermaid_group(document, names, parent=group_id, indent=indent + "  ")
        yield f"{indent}end"


def _dot_group(document: Document, *, parent: str | None, indent: str) -> Iterator[str]:
    for task_id in _members(document, parent):
        yield f"{indent}{_quoted(task_id)};"
    for group_id in _groups(document, parent):
        yield f"{indent}subgraph {_quoted(f'cluster_{group_id}')} {{"
        yield f"{indent}  label={_quoted(group_id)};"
        yield from _dot_group(document, parent=group_id, indent=indent + "  ")
        yield f"{indent}}}"


def _mermaid(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("\n", " ")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

"""A document and a built DAG in the same terms."""

from __future__ import annotations

from typing import Any

from leoflow_runtime.child.structure import of_document


def of_compiled(document: dict[str, Any]) -> dict[str, Any]:
    """Tasks and groups of a document, defaults filled in, as the façade's server describes them."""
    shapes = of_document(document)
    tasks = {}
    for task in document["tasks"]:
        shape = shapes[task["task_id"]]
        tasks[task["task_id"]] = {
            "class": shape.operator_class,
            "upstream": list(shape.upstream),
            "labels": task.get("edge_labels", {}),
            "group": task.get("task_group"),
            "trigger_rule": task.get("trigger_rule", "all_success"),
            "retries": task.get("retries", 0),
            "retry_delay": float(task.get("retry_delay_seconds", 300)),
            "pool": task.get("pool", "default_pool"),
            "pool_slots": task.get("pool_slots", 1),
            "owner": task.get("owner", "airflow"),
            "queue": task.get("queue", "default"),
            "priority_weight": task.get("priority_weight", 1),
            "depends_on_past": task.get("depends_on_past", False),
            "multiple_outputs": task.get("multiple_outputs", False),
            "command": task.get("entrypoint") if task["type"] == "bash" else None,
            "doc": task.get("doc_md"),
        }
    groups = {
        group["group_id"]: {"parent": group.get("parent"), "tooltip": group.get("tooltip", "")}
        for group in document.get("task_groups", ())
    }
    return {"tasks": tasks, "groups": groups}


def of_built(answer: dict[str, Any], compiled: dict[str, Any]) -> dict[str, Any]:
    """What the façade's server says, without the nameless root group.

    Airflow keeps a group's label on the group's join node; a document has it on the group's own edges.
    """
    tasks = {}
    for name, task in answer["tasks"].items():
        labels = compiled["tasks"].get(name, {"labels": {}})["labels"]
        from_groups = {first: text for first, text in labels.items() if text in answer["labels_on_groups"]}
        tasks[name] = {**task, "labels": {**from_groups, **task["labels"]}}
    groups = {name: group for name, group in answer["groups"].items() if name not in (None, "null")}
    return {"tasks": tasks, "groups": groups}


def has_cycle(tasks: dict[str, Any]) -> bool:
    """Whether tasks of a built DAG depend on each other in a circle."""
    waiting = {name: set(task["upstream"]) for name, task in tasks.items()}
    while waiting:
        free = {name for name, upstream in waiting.items() if not upstream & waiting.keys()}
        if not free:
            return True
        waiting = {name: upstream for name, upstream in waiting.items() if name not in free}
    return False

"""A DAG as SVG: columns by distance from the start, boxes for tasks, frames for groups.

The layout is Sugiyama's in its simplest form: layers by longest path, then a few sweeps that put each task
near the middle of its neighbours (K. Sugiyama, S. Tagawa, M. Toda, 1981). Each group has a band of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import fmean
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from leoflow_runtime.light import dataclass

Document = Mapping[str, Any]
_HEIGHT, _ROW, _GAP, _MARGIN, _CHARACTER = 34, 54, 70, 24, 7.2
_SWEEPS = 4
_STYLE = """\
  text { font: 12px system-ui, sans-serif; fill: #1f2933; }
  .task { fill: #ffffff; stroke: #52606d; }
  .mapped { stroke-dasharray: 5 3; }
  .setup { fill: #e3f8ff; } .teardown { fill: #fff3c4; }
  .group { fill: #f5f7fa; fill-opacity: 0.6; stroke: #9aa5b1; }
  .edge { fill: none; stroke: #7b8794; marker-end: url(#arrow); }
  .label, .kind { font-size: 10px; fill: #616e7c; }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Box:
    x: float
    y: float
    width: float


def as_svg(document: Document) -> str:
    """The whole picture as one SVG document."""
    tasks = {task["task_id"]: task for task in document["tasks"]}
    boxes = _placed(tasks)
    width = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    height = max((box.y for box in boxes.values()), default=0) + _HEIGHT + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label={quoteattr(document["dag_id"])}>',
        f"<style>\n{_STYLE}</style>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#7b8794"/></marker></defs>',
        *(_frame(group, document, boxes) for group in document.get("task_groups", ())),
        *(
            _edge(boxes[first], boxes[name], task.get("edge_labels", {}).get(first))
            for name, task in tasks.items()
            for first in task.get("depends_on", ())
        ),
        *(_task(task, boxes[name]) for name, task in tasks.items()),
        "</svg>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _placed(tasks: Mapping[str, Any]) -> dict[str, _Box]:
    layers = _layers(tasks)
    order = _ordered(tasks, layers)
    tops, heights = _bands(tasks, order)
    boxes: dict[str, _Box] = {}
    x: float = _MARGIN
    for layer in order:
        width = max(max(len(name) for name in layer) * _CHARACTER + 20, 60)
        of_band: dict[str, list[str]] = {}
        for name in layer:
            of_band.setdefault(tasks[name].get("task_group", ""), []).append(name)
        for band, names in of_band.items():
            top = tops[band] + (heights[band] - len(names)) * _ROW / 2
            for row, name in enumerate(names):
                boxes[name] = _Box(x=x, y=top + row * _ROW, width=width)
        x += width + _GAP
    return boxes


def _bands(tasks: Mapping[str, Any], order: list[list[str]]) -> tuple[dict[str, float], dict[str, int]]:
    """Where the band of each group begins, and how many rows it has."""
    heights: dict[str, int] = {}
    for layer in order:
        for band, count in Counter(tasks[name].get("task_group", "") for name in layer).items():
            heights[band] = max(heights.get(band, 0), count)
    tops: dict[str, float] = {}
    y: float = _MARGIN
    for band in sorted(heights):
        y += 24 if band else 0
        tops[band] = y
        y += heights[band] * _ROW
    return tops, heights


def _layers(tasks: Mapping[str, Any]) -> dict[str, int]:
    """The longest way from a task without upstreams, for each task."""
    depth: dict[str, int] = {}
    waiting = {name: set(task.get("depends_on", ())) for name, task in tasks.items()}
    ready = [name for name, upstream in waiting.items() if not upstream]
    below: dict[str, list[str]] = {name: [] for name in tasks}
    for name, upstream in waiting.items():
        for first in upstream:
            below[first].append(name)
    for name in ready:
        depth[name] = 0
    while ready:
        name = ready.pop()
        for after in below[name]:
            depth[after] = max(depth.get(after, 0), depth[name] + 1)
            waiting[after].discard(name)
            if not waiting[after]:
                ready.append(after)
    return depth


def _ordered(tasks: Mapping[str, Any], layers: Mapping[str, int]) -> list[list[str]]:
    """Each layer from top to bottom; tasks of a group stay together."""
    order: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for name in sorted(tasks, key=lambda one: (tasks[one].get("task_group", ""), one)):
        order[layers[name]].append(name)
    beside: dict[str, list[str]] = {name: list(task.get("depends_on", ())) for name, task in tasks.items()}
    for name, task in tasks.items():
        for first in task.get("depends_on", ()):
            beside[first].append(name)
    for _ in range(_SWEEPS):
        rows = {name: row - len(layer) / 2 for layer in order for row, name in enumerate(layer)}
        for layer in order:
            layer.sort(
                key=lambda name: (
                    tasks[name].get("task_group", ""),
                    fmean(rows[other] for other in beside[name]) if beside[name] else rows[name],
                    name,
                )
            )
    return order


def _task(task: Mapping[str, Any], box: _Box) -> str:
    names = ["task"]
    names += [name for name in ("setup", "teardown") if task.get(f"is_{name}")]
    names += ["mapped"] if "mapped" in task else []
    kind = task.get("operator_class", "").rpartition(".")[2] or task.get("kind") or task["type"]
    shown = task["task_id"] + (" [ ]" if "mapped" in task else "")
    return (
        f'<g><title>{escape(kind)}</title><rect class="{" ".join(names)}" x="{box.x:.0f}" y="{box.y:.0f}" '
        f'width="{box.width:.0f}" height="{_HEIGHT}" rx="5"/>'
        f'<text x="{box.x + 10:.0f}" y="{box.y + 21:.0f}">{escape(shown)}</text></g>'
    )


def _edge(first: _Box, second: _Box, label: str | None) -> str:
    x1, y1 = first.x + first.width, first.y + _HEIGHT / 2
    x2, y2 = second.x, second.y + _HEIGHT / 2
    bend = max((x2 - x1) / 2, 20)
    path = f"M{x1:.0f},{y1:.0f} C{x1 + bend:.0f},{y1:.0f} {x2 - bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
    text = ""
    if label:
        x, y = (x1 + x2) / 2, (y1 + y2) / 2 - 4
        text = f'<text class="label" text-anchor="middle" x="{x:.0f}" y="{y:.0f}">{escape(label)}</text>'
    return f'<path class="edge" d="{path}"/>{text}'


def _frame(group: Mapping[str, Any], document: Document, boxes: Mapping[str, _Box]) -> str:
    name = group["group_id"]
    inside = [
        boxes[task["task_id"]]
        for task in document["tasks"]
        if task.get("task_group") == name or str(task.get("task_group", "")).startswith(f"{name}.")
    ]
    if not inside:
        return ""
    left, right = min(box.x for box in inside) - 10, max(box.x + box.width for box in inside) + 10
    top, bottom = min(box.y for box in inside) - 18, max(box.y for box in inside) + _HEIGHT + 8
    return (
        f'<rect class="group" x="{left:.0f}" y="{top:.0f}" width="{right - left:.0f}" '
        f'height="{bottom - top:.0f}" rx="8"/>'
        f'<text class="label" x="{left + 6:.0f}" y="{top + 12:.0f}">{escape(name)}</text>'
    )

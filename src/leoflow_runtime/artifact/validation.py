"""What makes a `dag.json` acceptable: its schema, and what a schema cannot say.

Used twice, by the compiler before it writes and by the server before it accepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from leoflow_runtime.artifact.acceptance import Accepts, acceptance
from leoflow_runtime.artifact.records import TaskSpec
from leoflow_runtime.artifact.resources import schema
from leoflow_runtime.light import dataclass

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One reason why a document is refused. `code` is stable, `path` is a JSON path into the document."""

    code: str  # schema, duplicate-task, dangling-dependency, dangling-input, dangling-group, cycle
    path: str
    message: str


class ArtifactInvalid(Exception):
    """A document that is no valid `dag.json`; `problems` says why, all of it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


def check_document(document: Any) -> None:
    """Raises ArtifactInvalid with every problem found; the semantic ones only once the schema holds."""
    accepted = _accepts()(document)
    problems = [] if accepted else list(_schema_problems(document))
    problems = problems or list(_meaning_problems(document))
    if problems:
        raise ArtifactInvalid(problems)


def prepare() -> None:
    """Reads the schema now instead of at the first document."""
    _accepts()


def find_cycle(depends_on: Mapping[str, Iterable[str]]) -> list[str] | None:
    """A cycle as a path that ends where it began, or None. Iterative: chains may be 100,000 long."""
    WHITE, GREY, BLACK = 0, 1, 2
    colour = dict.fromkeys(depends_on, WHITE)
    for root in sorted(depends_on):
        if colour[root] != WHITE:
            continue
        path: list[str] = [root]
        pending: list[Iterator[str]] = [iter(sorted(depends_on[root]))]
        colour[root] = GREY
        while pending:
            following = next(pending[-1], None)
            if following is None:
                colour[path.pop()] = BLACK
                pending.pop()
            elif colour.get(following, BLACK) == GREY:
                # Edges point upstream; people read downstream.
                return [*path[path.index(following) :], following][::-1]
            elif colour.get(following, BLACK) == WHITE:
                colour[following] = GREY
                path.append(following)
                pending.append(iter(sorted(depends_on[following])))
    return None


@cache
def _accepts() -> Accepts:
    return acceptance(schema("dag"))


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema("dag"), format_checker=Draft202012Validator.FORMAT_CHECKER)


def _schema_problems(document: Any) -> Iterator[Problem]:
    for error in sorted(_validator().iter_errors(document), key=lambda error: error.json_path):
        yield Problem(code="schema", path=error.json_path, message=f"{error.json_path}: {error.message}")


def _meaning_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    raw_tasks = document["tasks"]
    ids: set[str] = set()
    for index, raw in enumerate(raw_tasks):
        if raw["task_id"] in ids:
            yield Problem(
                code="duplicate-task",
                path=f"$.tasks[{index}].task_id",
                message=f"task_id {raw['task_id']!r} is used twice",
            )
        ids.add(raw["task_id"])

    groups = {group["group_id"] for group in document.get("task_groups", ())}
    for index, group in enumerate(document.get("task_groups", ())):
        if group.get("parent") is not None and group["parent"] not in groups:
            yield Problem(
                code="dangling-group",
                path=f"$.task_groups[{index}].parent",
                message=f"group {group['group_id']!r} names an unknown parent {group['parent']!r}",
            )

    for index, raw in enumerate(raw_tasks):
        where = f"$.tasks[{index}]"
        task = TaskSpec.from_document(raw, {})
        for upstream in task.depends_on:
            if upstream not in ids:
                yield Problem(
                    code="dangling-dependency",
                    path=f"{where}.depends_on",
                    message=f"task {task.task_id!r} depends on {upstream!r}, which does not exist",
                )
        for reference in task.inputs():
            if reference.task_id not in ids:
                yield Problem(
                    code="dangling-input",
                    path=f"{where}.xcom_input",
                    message=f"task {task.task_id!r} reads {reference.task_id!r}, which does not exist",
                )
        if task.task_group is not None and task.task_group not in groups:
            yield Problem(
                code="dangling-group",
                path=f"{where}.task_group",
                message=f"task {task.task_id!r} is in group {task.task_group!r}, which is not declared",
            )

    cycle = find_cycle({raw["task_id"]: raw.get("depends_on", ()) for raw in raw_tasks})
    if cycle:
        yield Problem(code="cycle", path="$.tasks", message="the tasks form a cycle: " + " → ".join(cycle))

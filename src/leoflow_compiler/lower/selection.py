"""The pass `graph`: which DAG, and whether its graph is one."""

from __future__ import annotations

from itertools import pairwise

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.diagnostics.catalogue.graph import (
    CYCLE,
    DAG_NOT_FOUND,
    DUPLICATE_DAG,
    NO_TASKS,
    UNKNOWN_TASK_IN_YAML,
)
from leoflow_compiler.diagnostics.suggestion import did_you_mean, nearest
from leoflow_compiler.evaluate.errors import Refusal
from leoflow_compiler.lower.result import Compilation
from leoflow_compiler.models.dags import DagFactory
from leoflow_compiler.models.graph import Dag
from leoflow_runtime.artifact.validation import find_cycle


def select_dag(compilation: Compilation) -> None:
    """Fills in `dag`; a missing DAG is not reported beside problems that may be the reason."""
    project = compilation.project
    wanted = project.config.dag_id
    found = [dag for dag in compilation.dags if dag.dag_id == wanted]
    if not found:
        if not compilation.failed:
            _report_missing(compilation, wanted)
        return
    if len(found) > 1:
        first, second = found[0], found[1]
        message = f"two DAGs have the id `{wanted}`"
        compilation.refuse(
            Refusal(DUPLICATE_DAG, message, second.place, notes=(("the first one", first.place),))
        )
        return
    compilation.dag = dag = found[0]
    _check_tasks(compilation, dag)
    _check_cycle(compilation, dag)


def _report_missing(compilation: Compilation, wanted: str) -> None:
    project = compilation.project
    ids = sorted({dag.dag_id for dag in compilation.dags})
    source = project.config.dag_source
    message = f"`{source}` has no DAG"
    if ids:
        message += f" `{wanted}`; it has {', '.join(f'`{one}`' for one in ids)}"
    compilation.add(
        Diagnostic(
            code=DAG_NOT_FOUND,
            message=message,
            span=project.location_of("dag_id"),
            help=_how_to_name(wanted, ids) if ids else _not_made(compilation),
        )
    )


def _how_to_name(wanted: str, ids: list[str]) -> str:
    if (match := nearest(wanted, ids)) is not None:
        return f"did you mean `{match}`?"
    if len(ids) == 1:
        return f"write `dag_id: {ids[0]}`, or call the DAG `{wanted}` in the file"
    return "write one of these as `dag_id`; each DAG of a file is a project of its own"


def _not_made(compilation: Compilation) -> str:
    """Why a file may have no DAG."""
    names = compilation.interpreter.modules if compilation.interpreter is not None else {}
    for module in names.values():
        for name, value in module.names.items():
            if isinstance(value, DagFactory):
                return f"`@dag` makes a DAG when the function is called: write `{name}()` at the end"
    if any(compilation.interpreter.records.get("dags", ()) if compilation.interpreter is not None else ()):
        return "a DAG counts when it is used in `with`, or is a global of the file"
    return "write `with DAG(…):`, or call a function that is decorated with `@dag`"


def _check_tasks(compilation: Compilation, dag: Dag) -> None:
    if not dag.tasks and not compilation.failed:
        message = f"the DAG `{dag.dag_id}` has no tasks"
        help_text = "a `@task` function becomes a task when it is called"
        compilation.refuse(Refusal(NO_TASKS, message, dag.place, help=help_text))
        return
    if compilation.failed:
        return
    project = compilation.project
    for task_id in project.config.tasks:
        if task_id not in dag.tasks:
            compilation.add(
                Diagnostic(
                    code=UNKNOWN_TASK_IN_YAML,
                    message=f"the DAG `{dag.dag_id}` has no task `{task_id}`",
                    span=project.location_of("tasks", task_id),
                    help=did_you_mean(task_id, dag.tasks) or _listing(list(dag.tasks)),
                )
            )


def _listing(ids: list[str]) -> str:
    shown = ", ".join(f"`{one}`" for one in sorted(ids)[:20])
    return f"its tasks are {shown}" + (f" and {len(ids) - 20} more" if len(ids) > 20 else "")


def _check_cycle(compilation: Compilation, dag: Dag) -> None:
    cycle = find_cycle({task_id: list(task.upstream) for task_id, task in dag.tasks.items()})
    if cycle is None:
        return
    pairs = list(pairwise(cycle))
    places = [(f"`{first}` → `{second}`", dag.edges.get((first, second))) for first, second in pairs]
    place = next((place for _, place in reversed(places) if place is not None), dag.place)
    message = "the tasks depend on each other in a circle: " + " → ".join(cycle)
    compilation.refuse(Refusal(CYCLE, message, place, notes=tuple(places[:10])))

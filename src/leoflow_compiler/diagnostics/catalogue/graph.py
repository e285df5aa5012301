"""LF4xx: the graph as a whole."""

from __future__ import annotations

from leoflow_compiler.diagnostics.records import Code

_BASH = (
    "from airflow.sdk import DAG\nfrom airflow.providers.standard.operators.empty import EmptyOperator\n\n"
    "with DAG('a'):\n    a = EmptyOperator(task_id='a')\n    b = EmptyOperator(task_id='b')\n"
)

CYCLE = Code(
    code="LF401",
    name="cycle",
    summary="Tasks depend on each other in a circle.",
    explanation=(
        "A task in a circle could never start. The notes show where each of the circle's edges was written."
    ),
    bad=_BASH + "    a >> b >> a\n",
    good=_BASH + "    a >> b\n",
)

DUPLICATE_TASK = Code(
    code="LF402",
    name="duplicate-id",
    summary="An id is used twice in a DAG.",
    explanation=(
        "Calls of a `@task` function get `__1`, `__2`, … by themselves; operators and groups need "
        "ids of their own."
    ),
    bad=_BASH + "    EmptyOperator(task_id='a')\n",
)

OUTSIDE_DAG = Code(
    code="LF403",
    name="outside-dag",
    summary="A task depends on a task of another DAG.",
    explanation="Dependencies connect tasks of one DAG.",
)

NO_TASKS = Code(
    code="LF404",
    name="no-tasks",
    summary="The DAG has no tasks.",
    explanation=(
        "A `@task` function becomes a task when it is called. A DAG without tasks would never do anything."
    ),
    bad="from airflow.sdk import DAG\n\nwith DAG('a'):\n    pass\n",
)

DAG_NOT_FOUND = Code(
    code="LF405",
    name="dag-not-found",
    summary="No DAG of the file has the `dag_id` of leoflow.yaml.",
    explanation="`dag_id` in `leoflow.yaml` names the DAG of the file that is compiled.",
)

DUPLICATE_DAG = Code(
    code="LF406",
    name="duplicate-dag",
    summary="Two DAGs of the file have the same id.",
    explanation="Which of the two is meant cannot be known; Airflow refuses such files as well.",
)

UNKNOWN_TASK_IN_YAML = Code(
    code="LF407",
    name="unknown-task-in-yaml",
    summary="Leoflow.yaml configures a task that the DAG does not have.",
    explanation="The keys below `tasks:` in `leoflow.yaml` are task ids; a task in a group is `group.task`.",
)

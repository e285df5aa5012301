"""LF6xx: what compiles, and is probably not what was wanted."""

from __future__ import annotations

from leoflow_compiler.diagnostics.records import Code

_DAG = (
    "from airflow.sdk import DAG, task\n\n"
    "with DAG('a'):\n\n    @task\n    def f():\n        return 1\n\n    f()\n"
)

SECRET_IN_SOURCE = Code(
    code="LF601",
    name="secret-in-source",
    severity="warning",
    summary="The source holds what looks like a secret.",
    explanation=(
        "`dag.json` carries the source, the image carries the files, and both are kept for long. Connections "
        "and variables are encrypted, and reach only the tasks that name them."
    ),
    bad="KEY = 'AKIA" + "IOSFODNN7EXAMPLE'\n" + _DAG,
    good=_DAG,
)

TOP_LEVEL_CALL = Code(
    code="LF602",
    name="top-level-call",
    severity="warning",
    summary="The file goes over the network whenever it is loaded.",
    explanation=(
        "The compiler does not run it, so its result is unknown; every process that runs tasks of this DAG "
        "does, before the first task."
    ),
    bad="import requests\n\nrates = requests.get('https://example.org/rates').json()\n" + _DAG,
    good=_DAG,
)

CLOCK_CHANGE = Code(
    code="LF603",
    name="clock-change",
    severity="warning",
    summary="The schedule names an hour that clocks skip or repeat.",
    explanation=(
        "Where clocks change, one hour of the year does not exist and another comes twice. A run whose time "
        "is skipped comes later, by as much as the clocks move. Times that repeat have their runs the second "
        "time only, so an expression with several runs an hour then has none for an hour. The warning names "
        "the first such date from the start date on."
    ),
    bad=(
        "import pendulum\nfrom airflow.sdk import DAG, task\n\n"
        "START = pendulum.datetime(2026, 1, 1, tz='Europe/Berlin')\n"
        "with DAG('a', schedule='30 2 * * *', start_date=START):\n\n"
        "    @task\n    def f():\n        return 1\n\n    f()\n"
    ),
    good=(
        "import pendulum\nfrom airflow.sdk import DAG, task\n\n"
        "START = pendulum.datetime(2026, 1, 1, tz='Europe/Berlin')\n"
        "with DAG('a', schedule='30 4 * * *', start_date=START):\n\n"
        "    @task\n    def f():\n        return 1\n\n    f()\n"
    ),
)


def _branch(returned: str, rule: str = "") -> str:
    return (
        "from airflow.sdk import DAG, task\n\n"
        "with DAG('a'):\n\n"
        "    @task.branch\n    def decide(day: int = 1):\n"
        f"        return 'left' if day % 2 else {returned}\n\n"
        "    @task\n    def left(): ...\n\n"
        "    @task\n    def right(): ...\n\n"
        f"    @task{rule}\n    def join(): ...\n\n"
        "    decide() >> [left(), right()] >> join()\n"
    )


_JOIN = "(trigger_rule='none_failed_min_one_success')"

BRANCH_TO_NOWHERE = Code(
    code="LF604",
    name="branch-to-nowhere",
    severity="warning",
    summary="A branch names a task that is not directly below it.",
    explanation=(
        "A branch returns ids of tasks, or of groups, that stand directly below it. An id that does not "
        "exist fails the branch when it runs; one that stands elsewhere makes it skip all that is below. In "
        "a group, an id has the group's in front: `group.task`."
    ),
    bad=_branch("'rihgt'", _JOIN),
    good=_branch("'right'", _JOIN),
)

UNREACHABLE_TASK = Code(
    code="LF605",
    name="unreachable-task",
    severity="warning",
    summary="A branch never chooses this task.",
    explanation=(
        "Every `return` of the branch is written out, and none names the task, so it is skipped in every "
        "run, and so is what needs it."
    ),
    bad=_branch("None", _JOIN),
    good=_branch("'right'", _JOIN),
)

RULE_NEVER_HOLDS = Code(
    code="LF606",
    name="rule-never-holds",
    severity="warning",
    summary="The trigger rule of a task cannot hold in any run.",
    explanation=(
        "A task that joins the ways of a branch has the trigger rule `all_success` unless it says "
        "otherwise. The branch skips all ways but one, so that not all of them succeed: the task is skipped "
        "in every run. `none_failed_min_one_success` is the rule for it."
    ),
    bad=_branch("'right'"),
    good=_branch("'right'", _JOIN),
)

TYPE_MISMATCH = Code(
    code="LF607",
    name="type-mismatch",
    severity="warning",
    summary="A task's output has another type than the parameter that receives it.",
    explanation=(
        "Both functions are annotated, and no value fits both. Only built-in types, containers and unions of "
        "them are compared, numbers are taken for each other, and whatever is not certain fits."
    ),
    bad=(
        "from airflow.sdk import DAG, task\n\nwith DAG('a'):\n\n"
        "    @task\n    def extract() -> str:\n        return 'a,b'\n\n"
        "    @task\n    def load(rows: list[str]): ...\n\n    load(extract())\n"
    ),
    good=(
        "from airflow.sdk import DAG, task\n\nwith DAG('a'):\n\n"
        "    @task\n    def extract() -> list[str]:\n        return ['a', 'b']\n\n"
        "    @task\n    def load(rows: list[str]): ...\n\n    load(extract())\n"
    ),
)

MISSING_DEPENDENCY = Code(
    code="LF608",
    name="missing-dependency",
    severity="warning",
    summary="An imported package is not among the dependencies.",
    explanation=(
        "The tasks run in an environment that holds what `dependencies` in `leoflow.yaml` lists. What is not "
        "listed is there only where another package happens to need it, in the version that it chooses; else "
        "the import fails. Imports inside of functions count, for the tasks run them; those that `try` "
        "guards against `ImportError`, that stand under `TYPE_CHECKING`, or in functions for another Python "
        "do not."
    ),
    bad="import pandas\n" + _DAG,
    good=_DAG,
)

UNUSED_DEPENDENCY = Code(
    code="LF609",
    name="unused-dependency",
    severity="warning",
    summary="A dependency is imported nowhere.",
    explanation=(
        "It makes the image larger and its lock longer. Packages that others look up by themselves (drivers "
        "of databases, engines of pandas, stubs) are not counted, nor are those with extras."
    ),
)

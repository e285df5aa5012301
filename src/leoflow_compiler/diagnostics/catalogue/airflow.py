"""LF3xx: Airflow's classes and functions, used in ways that cannot be compiled."""

from __future__ import annotations

from leoflow_compiler.diagnostics.records import Code

_WITH = (
    "from airflow.sdk import DAG, task\n\nwith DAG('a'):\n\n    @task\n    def f(n=1):\n        return n\n\n"
)

NOT_RUN_YET = Code(
    code="LF310",
    name="not-run-yet",
    severity="warning",
    summary="The DAG compiles exactly, but this release cannot run all of it.",
    explanation=(
        "The compiler reads more of Airflow than this release's control plane and runtime run so far. "
        "`dag.json` is complete, and `graph`, `diff` and `validate` work on it. `push` and Lite refuse "
        "such a DAG by the name of what is missing; it is never run without it."
    ),
    bad=_WITH + "    f.override(executor='CeleryExecutor')(1)\n",
    good=_WITH + "    f(1)\n",
)

KEPT_BY_POD = Code(
    code="LF312",
    name="kept-by-pod",
    severity="warning",
    summary="`pod_override` sets a field that a task's pod keeps.",
    explanation=(
        "Which image a task runs in, what is started in it, and where its token lies are not the task's to "
        "choose: they are what makes a launch safe, and a version the same wherever it runs. The DAG "
        "compiles; a control plane that runs tasks in pods refuses it by the name of the field, and one "
        "that runs them as processes leaves the whole override aside, as Airflow's LocalExecutor does."
    ),
)

OLD_SPELLING = Code(
    code="LF311",
    name="airflow-2-spelling",
    severity="warning",
    summary="This is Airflow 2's spelling of something that Airflow 3 calls otherwise.",
    explanation=(
        "The meaning is exact, so the DAG compiles. `leoflow validate --fix` writes the new spelling, and "
        "`--diff` shows it before."
    ),
    bad=(
        "from airflow import DAG\nfrom airflow.operators.dummy_operator import DummyOperator\n\n"
        "with DAG('a', schedule_interval='@daily'):\n    DummyOperator(task_id='a')\n"
    ),
    good=(
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.empty import EmptyOperator\n\n"
        "with DAG('a', schedule='@daily'):\n    EmptyOperator(task_id='a')\n"
    ),
)

UNSUPPORTED_OPERATOR = Code(
    code="LF301",
    name="unsupported-operator",
    summary="What this class makes cannot be told.",
    explanation=(
        "The class belongs to an installed package, which is not read, and its name and its module do not "
        "say that it is an operator, but it is used as one."
    ),
)

UNSUPPORTED_FEATURE = Code(
    code="LF302",
    name="unsupported-feature",
    summary="This feature of Airflow is not compiled.",
    explanation="It is refused by name, because a DAG without it would be another DAG.",
)

UNKNOWN_ARGUMENT = Code(
    code="LF303",
    name="unknown-argument",
    summary="An argument has a name that Airflow does not take.",
    explanation="Airflow raises TypeError for it when the file is imported.",
    bad="from airflow.sdk import DAG\n\nwith DAG('a', shedule='@daily'):\n    pass\n",
)

MISSING_ARGUMENT = Code(
    code="LF304",
    name="missing-argument",
    summary="A required argument is missing.",
    explanation="Airflow raises TypeError for it when the file is imported.",
    bad=(
        "from airflow.sdk import DAG\nfrom airflow.providers.standard.operators.bash import BashOperator\n\n"
        "with DAG('a'):\n    BashOperator(task_id='t')\n"
    ),
)

BAD_ARGUMENT = Code(
    code="LF305",
    name="bad-argument",
    summary="An argument has a value that cannot be used.",
    explanation="The value has the wrong type, or is none of the values that Airflow accepts.",
    bad=_WITH.replace("@task", "@task(trigger_rule='all_good')") + "    f()\n",
)

BAD_ID = Code(
    code="LF307",
    name="bad-id",
    summary="An id has characters or a length that are not allowed.",
    explanation="Ids are made of letters, digits, `_`, `-` and `.`, with 250 characters at most.",
    bad="from airflow.sdk import DAG\n\nwith DAG('daily report'):\n    pass\n",
)

BAD_CALL = Code(
    code="LF308",
    name="bad-call",
    summary="The arguments of a call do not fit the function.",
    explanation=(
        "Python raises TypeError for the call. For a task function, its context parameters are "
        "filled in at run time."
    ),
    bad=_WITH + "    f(1, 2)\n",
    good=_WITH + "    f(1)\n",
)

NO_DAG = Code(
    code="LF309",
    name="no-dag",
    summary="A dependency or group has no DAG.",
    explanation=(
        "Tasks get their DAG from `with DAG(...)`, from `dag=...` or from a task that they are connected to."
    ),
)

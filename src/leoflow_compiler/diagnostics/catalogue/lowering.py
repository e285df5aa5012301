"""LF5xx: writing the artifact."""

from __future__ import annotations

from leoflow_compiler.diagnostics.records import Code

INTERNAL_ERROR = Code(
    code="LF501",
    name="internal-error",
    summary="The compiler made a mistake.",
    explanation=(
        "This is a defect of the compiler, not of the project. Please report it with the smallest "
        "file that shows it."
    ),
)

BAD_SCHEDULE = Code(
    code="LF502",
    name="bad-schedule",
    summary="The schedule is none that can be compiled.",
    explanation=(
        "A schedule is `None`, a cron expression of five or six fields, a preset such as `@daily`, or a "
        "`timedelta`."
    ),
    bad=(
        "from airflow.sdk import DAG\nfrom airflow.providers.standard.operators.empty import "
        "EmptyOperator\n\n"
        "with DAG('a', schedule='every day'):\n    EmptyOperator(task_id='a')\n"
    ),
)

DYNAMIC_START_DATE = Code(
    code="LF504",
    name="dynamic-start-date",
    severity="warning",
    summary="The start date moves: it is known only when the code runs.",
    explanation=(
        "Airflow evaluates such a date again and again, so it is never a fixed beginning. Here it is left "
        "out: the schedule counts from now on. A DAG with `catchup` needs a fixed date."
    ),
    bad=(
        "from datetime import datetime\n\nfrom airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.empty import EmptyOperator\n\n"
        "with DAG('a', start_date=datetime.now()):\n    EmptyOperator(task_id='a')\n"
    ),
    good=(
        "from datetime import datetime\n\nfrom airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.empty import EmptyOperator\n\n"
        "with DAG('a', start_date=datetime(2026, 1, 1)):\n    EmptyOperator(task_id='a')\n"
    ),
)

NOT_JSON = Code(
    code="LF503",
    name="not-json",
    summary="A value that belongs into dag.json is no JSON value.",
    explanation=(
        "Defaults of DAG params are stored in `dag.json`: strings, numbers, booleans, None, lists "
        "and dicts of these."
    ),
)

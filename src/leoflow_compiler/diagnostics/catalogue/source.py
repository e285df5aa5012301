"""LF1xx: the file cannot be read as Python."""

from __future__ import annotations

from leoflow_compiler.diagnostics.records import Code

SYNTAX_ERROR = Code(
    code="LF101",
    name="syntax-error",
    summary="The file is not valid Python.",
    explanation="The file cannot be parsed, so nothing in it can be compiled. The message is Python's own.",
    bad="from airflow.sdk import DAG\n\nwith DAG('a':\n    pass\n",
)

TOO_LARGE = Code(
    code="LF102",
    name="file-too-large",
    summary="The file is larger than a DAG file may be.",
    explanation="A DAG file is code. Data belongs into files beside it, which the image contains as well.",
)

NESTED_TOO_DEEPLY = Code(
    code="LF103",
    name="nested-too-deeply",
    summary="Expressions or blocks are nested too deeply.",
    explanation=(
        "Nesting of some hundred levels is almost always generated text, such as one expression "
        "of hundreds of "
        "`+`. Python itself gives up on such files at a depth that differs from machine to machine; Leoflow "
        "refuses them at a fixed one."
    ),
)

COMPILER_STOPPED = Code(
    code="LF104",
    name="compiler-stopped",
    summary="The compiler's worker process ended before it was done.",
    explanation=(
        "Parsing and evaluation run in a process of their own, with limits on time and memory. "
        "It ended early: "
        "the file needs more than the limits allow, or it made the parser crash. Nothing else is affected."
    ),
)

WRONG_IGNORE = Code(
    code="LF105",
    name="wrong-ignore",
    severity="warning",
    summary="A comment ignores something that cannot be ignored.",
    explanation=(
        "`# leoflow: ignore[LF311] reason` takes back warnings of that line, or of the whole file where it "
        "stands before the first statement. It names codes, and only of warnings: without what an error is "
        "about there is no `dag.json`."
    ),
    bad=(
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.empty import EmptyOperator\n\n"
        "with DAG('a'):\n    EmptyOperator(task_id='a')  # leoflow: ignore[LF999] nobody knows it\n"
    ),
)

UNUSED_IGNORE = Code(
    code="LF106",
    name="unused-ignore",
    severity="warning",
    summary="A comment ignores a warning that is not there.",
    explanation="It would hide the warning when it comes back for another reason, so it is better removed.",
    bad=(
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.empty import EmptyOperator\n\n"
        "with DAG('a'):\n    EmptyOperator(task_id='a')  # leoflow: ignore[LF311] it was old\n"
    ),
    good=(
        "from airflow.sdk import DAG\n"
        "from airflow.operators.empty import EmptyOperator  # leoflow: ignore[LF311] shared\n\n"
        "with DAG('a'):\n    EmptyOperator(task_id='a')\n"
    ),
)

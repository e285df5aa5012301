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

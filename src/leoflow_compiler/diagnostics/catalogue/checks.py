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

"""LF2xx: what the top level of the file computes cannot be known, or fails."""

from __future__ import annotations

from leoflow_compiler.diagnostics.records import Code

OPAQUE_STRUCTURE = Code(
    code="LF201",
    name="opaque-structure",
    summary="The shape of the DAG depends on a value that the compiler cannot know.",
    explanation=(
        "Leoflow never executes `dag.py` to compile it. Values that come from outside (a "
        "request, a database, a "
        "clock, an environment variable without a default) are fine as arguments that matter "
        "only at run time. "
        "They cannot decide ids, edges, loop bounds or schedules. The notes show where the value "
        "became unknown.\n\n"
        "Give the value in the source, give a default, or set it in `compile.env` in `leoflow.yaml`."
    ),
    bad=(
        "import os\n\nfrom airflow.sdk import DAG, task\n\nwith DAG('a'):\n\n    @task\n    def "
        "f(n):\n        return n\n\n"
        "    for n in range(int(os.environ['N'])):\n        f(n)\n"
    ),
    good=(
        "import os\n\nfrom airflow.sdk import DAG, task\n\nwith DAG('a'):\n\n    @task\n    def "
        "f(n):\n        return n\n\n"
        "    for n in range(int(os.environ.get('N', '3'))):\n        f(n)\n"
    ),
)

BUDGET_EXCEEDED = Code(
    code="LF202",
    name="budget-exceeded",
    summary="The top level of the file does more work than a compile may.",
    explanation=(
        "Every compile ends: steps, call depth and sizes of values are limited. A loop without "
        "end, a recursion "
        "without end or a huge range meets these limits. Real work belongs into tasks."
    ),
    bad="from airflow.sdk import DAG\n\nwhile True:\n    pass\n",
)

RAISES = Code(
    code="LF203",
    name="raises",
    summary="The top level of the file raises an exception.",
    explanation=(
        "Airflow could not import the file either: the statement raises this exception whenever it runs."
    ),
    bad="from airflow.sdk import DAG\n\nNAMES = {'a': 1}\n\nwith DAG(NAMES['b']):\n    pass\n",
)

UNSUPPORTED_PYTHON = Code(
    code="LF204",
    name="unsupported-python",
    summary="The compiler does not evaluate this part of Python.",
    explanation=(
        "The compiler evaluates the Python that people write at the top level of DAG files. This "
        "construct is "
        "outside of that. Inside task functions everything is allowed: their bodies are not evaluated."
    ),
    bad="from airflow.sdk import DAG\n\nexec('x = 1')\n",
)

UNKNOWN_NAME = Code(
    code="LF205",
    name="unknown-name",
    summary="A name is used that is not defined.",
    explanation="Python would raise NameError here.",
    bad="from airflow.sdk import DAG\n\nwith DAG(dag_idd):\n    pass\n",
)

UNKNOWN_IMPORT = Code(
    code="LF206",
    name="unknown-import",
    summary="An import names something that does not exist.",
    explanation=(
        "A module of the project or of Airflow does not define the imported name, so the import "
        "would fail when "
        "the file is imported."
    ),
    bad="from airflow.sdk import DAGG\n",
)

OUTSIDE_CODE_BUILDS = Code(
    code="LF207",
    name="outside-code-builds",
    summary="Tasks are handed to code that the compiler cannot see.",
    explanation=(
        "A function outside of the project receives tasks, groups or the DAG itself. It may "
        "create tasks or edges, "
        "and the compiler would not know. Write that part in the project, or use Airflow's own functions."
    ),
)

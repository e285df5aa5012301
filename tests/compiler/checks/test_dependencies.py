"""Which package an import needs, and whether the project lists it."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import load_project

TAIL = "\nfrom airflow.sdk import DAG, task\n\nwith DAG('d'):\n\n    @task\n    def f(): ...\n\n    f()\n"


def told(folder: Path, imports: str, dependencies: str) -> list[str]:
    (folder / "leoflow.yaml").write_text(f"dag_id: d\ndependencies: {dependencies}\n")
    (folder / "dag.py").write_text(imports + TAIL)
    project, problems = load_project(folder)
    assert project is not None, problems
    return [
        f"{one.code.code} {one.help.partition('`')[2].partition('`')[0] if one.help else ''}".strip()
        for one in run_passes(project).diagnostics
        if one.code.code in ("LF608", "LF609")
    ]


@pytest.mark.parametrize(
    ("imports", "dependencies", "expected"),
    [
        ("import yaml", "[pyyaml]", []),
        ("import yaml", "[]", ["LF608 pyyaml"]),
        ("from google.cloud import bigquery", "[]", ["LF608 google-cloud-bigquery"]),
        ("from google.cloud import bigquery", "[google-cloud-bigquery]", []),
        ("from google.cloud import bigquery", "[google-cloud-storage]", ["LF608 google-cloud-bigquery"]),
        ("from google.cloud import bigquery", "[apache-airflow-providers-google]", []),
        ("import googleapiclient", "[]", ["LF608 google-api-python-client"]),
        ("from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator", "[]",
         ["LF608 apache-airflow-providers-cncf-kubernetes"]),
        ("from airflow.providers.standard.operators.bash import BashOperator", "[]", []),
        ("import distutils, tomllib, asyncore", "[]", []),
        ("import pandas", "[pandas, psycopg2-binary, 'sqlalchemy[asyncio]', types-requests]", []),
        ("try:\n    import orjson\nexcept ImportError:\n    orjson = None", "[]", []),
        ("", "[unheard-of]", ["LF609"]),
        ("import company_tools", "[acme-tools]", []),  # either may be the other
    ],
)  # fmt: skip
def test_packages(imports: str, dependencies: str, expected: list[str], tmp_path: Path) -> None:
    assert told(tmp_path, imports, dependencies) == expected

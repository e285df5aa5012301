"""Files of the project, read at the top level: what is known of them is what the bundle holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import load_project

FILES = {
    "leoflow.yaml": 'schema_version: "1.0"\ndag_id: demo\ndag_source: dags/dag.py\n',
    "names.txt": "a\r\nb\n",
    "dags/more/one.sql": "select 1",
    "dags/more/two.sql": "select 2",
    "dags/more/other.txt": "",
    "dags/job.toml": 'name = "toml"\n',
    "dags/job.yaml": "{name: yaml, when: 2025-01-31}\n",
    "dags/job.json": '{"name": "json"}',
    "dags/latin.txt": "\u00e9",
}
START = """\
import csv, json, os, sys, tomllib, yaml
from pathlib import Path
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
HERE = Path(__file__).resolve().parent
folder = os.path.dirname(os.path.realpath(__file__))
ROOT = HERE.parent
"""
END = "\nwith DAG('demo'):\n    [EmptyOperator(task_id=i) for i in ids]\n"


def compiled(code: str, folder: Path) -> Any:
    for name, text in {**FILES, "dags/dag.py": START + code + END}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1" if "latin" in name else "utf-8"))
    project, problems = load_project(folder)
    assert project is not None, problems
    return run_passes(project)


@pytest.mark.parametrize(
    ("code", "ids"),
    [
        ("ids = (ROOT / 'names.txt').read_text().splitlines()", ["a", "b"]),
        ("ids = [line.strip() for line in open(f'{folder}/../names.txt')]", ["a", "b"]),
        ("ids = [open(folder + '/job.json').read()[2:6]]", ["name"]),
        ("ids = [json.load(HERE.joinpath('job.json').open())['name']]", ["json"]),
        (
            "with open(os.path.join(folder, 'job.yaml')) as f:\n    ids = [yaml.safe_load(f)['name']]",
            ["yaml"],
        ),
        ("ids = [str(yaml.safe_load((HERE / 'job.yaml').read_text())['when'])]", ["2025-01-31"]),
        ("with open(HERE / 'job.toml', mode='rb') as f:\n    ids = [tomllib.load(f)['name']]", ["toml"]),
        ("ids = [p.stem for p in sorted((HERE / 'more').glob('*.sql'))]", ["one", "two"]),
        ("ids = [p.name for p in Path(__file__).parents[1].rglob('*.sql')]", ["one.sql", "two.sql"]),
        ("ids = [p.name for p in (HERE / 'more').iterdir()]", ["one.sql", "other.txt", "two.sql"]),
        ("ids = [p.name for p in HERE.iterdir() if p.is_dir()]", ["more"]),
        ("ids = os.listdir(os.path.join(folder, 'more'))", ["one.sql", "other.txt", "two.sql"]),
        ("ids = sorted(f for f in os.listdir(folder) if f.endswith('.json'))", ["job.json"]),
        ("ids = [n for _, _, names in os.walk(folder + '/more') for n in names][:1]", ["one.sql"]),
        (
            "import glob\nids = [os.path.basename(p) for p in glob.glob(folder + '/more/*.sql')]",
            ["one.sql", "two.sql"],
        ),
        (
            "import glob\nids = [os.path.basename(p) for p in "
            "glob.glob(f'{folder}/../**/t*.sql', recursive=True)]",
            ["two.sql"],
        ),
        ("ids = [e.name for e in os.scandir(HERE / 'more') if e.is_file()][:1]", ["one.sql"]),
        ("ids = [p.name for p in HERE.glob('m*')]", ["more"]),
        ("ids = [str(os.path.exists(HERE / name)) for name in ('more', 'none')]", ["False", "True"]),
        ("ids = ['x']\nif not (HERE / 'none.yaml').exists():\n    ids = ['without']", ["without"]),
        ("try:\n    ids = [open(folder + '/none').read()]\nexcept OSError:\n    ids = ['none']", ["none"]),
        ("ids = [(HERE / 'latin.txt').read_text('latin-1').replace('\u00e9', 'e')]", ["e"]),
        ("paths = []\npaths.append(HERE / 'job.json')\nids = [p.name for p in paths]", ["job.json"]),
        ("ids = ['new'] if sys.version_info >= (3, 8) else ['old']", ["new"]),
    ],
)
def test_ids_from_files_of_the_project(code: str, ids: list[str], tmp_path: Path) -> None:
    result = compiled(code, tmp_path)

    assert result.document is not None, [item.message for item in result.diagnostics]
    assert [task["task_id"] for task in result.document["tasks"]] == ids


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "ids = open(folder + '/none').read()",
            "FileNotFoundError: `dags/none` is no file of the",
        ),
        ("ids = open('names.txt').read()", "whether this task exists"),
        ("ids = (ROOT.parent / 'x').read_text()", "whether this task exists"),
        ("ids = [str(HERE)]", "the task's id cannot be known"),
        ("ids = (HERE / 'latin.txt').read_text()", "this raises UnicodeDecodeError"),
        (
            "ids = ['new'] if sys.version_info >= (3, 12) else ['old']",
            "whether this task exists",
        ),
    ],
)
def test_what_is_not_in_the_project_is_not_guessed(code: str, reason: str, tmp_path: Path) -> None:
    result = compiled(code, tmp_path)

    assert result.document is None
    assert reason in result.diagnostics[0].message

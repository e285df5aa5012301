"""Importing the DAG's file, and comparing it with `dag.json`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leoflow_runtime.child import build

PYTHON_TASK = "airflow.providers.standard.decorators.python._PythonDecoratedOperator"

SOURCE = """
from airflow.sdk import DAG, task
from airflow.operators.bash import BashOperator
with DAG("d"):
    @task
    def a(): pass
    @task.branch
    def pick(): pass
    a() >> pick() >> BashOperator(task_id="sh", bash_command="x")
"""
COMPILED: list[dict[str, Any]] = [
    {"task_id": "a", "type": "python", "entrypoint": "dag:a"},
    {"task_id": "pick", "type": "python", "kind": "branch", "depends_on": ["a"]},
    {"task_id": "sh", "type": "bash", "entrypoint": "x", "depends_on": ["pick"]},
]


@pytest.fixture(autouse=True)
def interpreter(tmp_path: Path) -> Iterator[None]:
    """Imports of DAG files leave no trace in this process."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def load(folder: Path, tasks: list[dict[str, Any]] | None = None, **document: Any) -> build.Built:
    dag_json = {"schema_version": "1.0", "dag_id": "d", "tasks": COMPILED if tasks is None else tasks}
    return build.load({"dag_json": {**dag_json, **document}, "code_path": str(folder)})


def test_an_equal_structure_is_built(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(SOURCE)

    built = load(tmp_path)

    assert sorted(built.dag.task_dict) == ["a", "pick", "sh"]
    assert built.dag.folder == str(tmp_path)


def test_differences_are_shown_with_both_sides(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(SOURCE)
    other = [
        {"task_id": "pick", "type": "python", "depends_on": ["gone"]},
        {"task_id": "gone", "type": "empty"},
        {"task_id": "sh", "type": "bash", "entrypoint": "x", "depends_on": ["pick"]},
    ]

    with pytest.raises(build.BuildMismatch) as caught:
        load(tmp_path, other)

    assert caught.value.dag_id == "d"
    assert caught.value.differences == [
        "a: built, but not compiled",
        "gone: compiled, but not built",
        "pick: upstream compiled [gone], built [a]",
        f"pick: class compiled {PYTHON_TASK}, "
        "built airflow.providers.standard.decorators.branch_python._BranchPythonDecoratedOperator",
    ]
    assert "pick: upstream compiled [gone], built [a]" in str(caught.value)


def test_an_error_of_the_file_comes_through_with_its_own_frames_only(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def boom():\n    raise LookupError('no such thing')\n")
    (tmp_path / "dag.py").write_text("import helper\nhelper.boom()\n")

    with pytest.raises(LookupError, match="no such thing") as caught:
        load(tmp_path)

    names = [entry.path.name for entry in caught.traceback]
    assert names[-2:] == ["dag.py", "helper.py"]


def test_a_part_of_airflow_that_is_not_here_is_named(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text("from airflow.providers.slack.operators.slack import SlackAPIOperator\n")

    with pytest.raises(ImportError) as caught:
        load(tmp_path)

    assert str(caught.value) == (
        "No module named 'airflow.providers.slack'; "
        "Leoflow's lean engine does not have it, nor does an installed package"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import sys\nsys.exit(1)\n", "dag.py called sys.exit() while it was imported."),
        ("from airflow.sdk import DAG\nDAG('x')\ny = DAG('y')\n", "dag.py builds no DAG 'd'; it builds: y."),
        ("", "dag.py builds no DAG 'd'; it builds: none."),
    ],
)
def test_a_file_without_the_dag_is_told_in_one_sentence(source: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(source)

    with pytest.raises(build.BuildFailed) as caught:
        load(tmp_path)

    assert str(caught.value) == message


def test_a_missing_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(build.BuildFailed, match=r"The DAG's file flows/x.py is not in "):
        load(tmp_path, dag_source="flows/x.py")


def test_sibling_modules_are_found_from_the_root_and_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "ids.py").write_text("ID = 'a'\n")
    (tmp_path / "flows" / "more.py").write_text("from ids import ID\n")
    (tmp_path / "flows" / "x.py").write_text(
        "from airflow.sdk import DAG\nfrom airflow.operators.empty import EmptyOperator\n"
        "from more import ID\n"
        "with DAG('d'):\n    EmptyOperator(task_id=ID)\n"
    )

    assert load(tmp_path, [{"task_id": "a", "type": "empty"}], dag_source="flows/x.py").dag.task_ids == ["a"]


def test_a_file_named_like_a_loaded_module_does_not_replace_it(tmp_path: Path) -> None:
    import json

    (tmp_path / "json.py").write_text(
        "import sys\nfrom airflow.sdk import DAG, BaseOperator\n"
        "class Mine(BaseOperator): pass\nwith DAG('d'):\n    Mine(task_id='a')\n"
    )

    load(
        tmp_path,
        [{"task_id": "a", "type": "python", "operator_class": "json.Mine"}],
        dag_source="json.py",
    )

    assert sys.modules["json"] is json


def test_the_file_sees_the_values_it_was_compiled_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARDS", "9")
    monkeypatch.setenv("UNSET", "now set")
    (tmp_path / "dag.py").write_text(
        "import os\nfrom airflow.sdk import DAG, Variable\n"
        "from airflow.operators.empty import EmptyOperator\n"
        "with DAG('d'):\n"
        "    for i in range(int(os.environ['SHARDS'])):\n"
        "        EmptyOperator(task_id=f'{Variable.get(\"name\")}_{i}')\n"
        "    EmptyOperator(task_id=os.environ.get('UNSET', 'unset'))\n"
        "    EmptyOperator(task_id=Variable.get('none', 'dflt'))\n"
        "    EmptyOperator(task_id=Variable.get('cfg', deserialize_json=True)['id'])\n"
    )

    built = load(
        tmp_path,
        [{"task_id": task_id, "type": "empty"} for task_id in ("s_0", "s_1", "unset", "dflt", "x")],
        evaluated_with={
            "env": {"SHARDS": "2", "UNSET": None},
            "variables": {"name": "s", "none": None, "cfg": {"id": "x"}},
        },
    )

    assert len(built.dag.tasks) == 5

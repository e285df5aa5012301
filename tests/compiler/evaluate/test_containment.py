"""Nothing of a file is executed, and every compile ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from leoflow_compiler.lower import pipeline
from leoflow_compiler.lower.every_dag import compile_every_dag
from leoflow_compiler.lower.pipeline import CompileResult, compile_project, run_passes
from leoflow_compiler.project import load_project
from leoflow_compiler.project.airflow_folder import AirflowFolder

DAG = "from airflow.sdk import DAG, task\nwith DAG('demo'):\n    @task\n    def f(): return 1\n    f()\n"


def compiled(folder: Path, text: str, *, inline: bool = True) -> CompileResult:
    (folder / "dag.py").write_text(text)
    (folder / "leoflow.yaml").write_text("schema_version: '1.0'\ndag_id: demo\n")
    project, problems = load_project(folder)
    assert project is not None, problems
    return (run_passes if inline else compile_project)(project)


def codes(result: CompileResult) -> set[str]:
    return {diagnostic.code.code for diagnostic in result.diagnostics}


@pytest.mark.parametrize(
    "attempt",
    [
        "open({path!r}, 'w').write('x')",
        "__import__('pathlib').Path({path!r}).write_text('x')",
        "import pathlib\npathlib.Path({path!r}).write_text('x')",
        "import os\nos.system('touch ' + {path!r})",
        "import subprocess\nsubprocess.run(['touch', {path!r}])",
        "exec('open({path!r}, \"w\")')",
        "eval('open({path!r}, \"w\")')",
        "().__class__.__bases__[0].__subclasses__()",
        "def f(): pass\nf.__globals__['__builtins__']",
        "def f(): pass\ngetattr(f, 'interp' + 'reter')",
        "from operator import attrgetter\nlist(map(attrgetter('interpreter'), [lambda: 1]))",
        "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_globals",
        "class M(type):\n    def __call__(cls): open({path!r}, 'w')\nclass A(metaclass=M): pass\nA()",
        "g = (x for x in [1])\ng.gi_frame.f_globals",
        "import functools\nfunctools.partial(open, {path!r}, 'w')()",
        "list(map(open, [{path!r}], ['w']))",
        "from operator import attrgetter\nattrgetter('__globals__')(lambda: 1)",
        "from operator import methodcaller\nimport pathlib\n"
        "methodcaller('write_text', 'x')(pathlib.Path({path!r}))",
        "import configparser\nc = configparser.ConfigParser()\nc.read({path!r})\n"
        "c.write(open({path!r}, 'w'))",
        "import contextlib\nwith contextlib.ExitStack() as s:\n    s.enter_context(open({path!r}, 'w'))",
        "class A:\n    def __init_subclass__(cls): open({path!r}, 'w')\nclass B(A): pass",
        "type('T', (type,), {'__call__': lambda cls: open({path!r}, 'w')})('A', (), {})()",
        "import importlib\nimportlib.import_module('os').system('touch ' + {path!r})",
        "import functools\nfunctools.wraps(lambda: 1)(open)({path!r}, 'w')",
    ],
)
def test_the_top_level_of_a_file_does_nothing(tmp_path: Path, attempt: str) -> None:
    target = tmp_path / "written"
    result = compiled(tmp_path, attempt.replace("{path!r}", repr(str(target))) + "\n" + DAG)
    assert not target.exists()
    assert result.document is not None or result.diagnostics


@pytest.mark.parametrize(
    "text",
    [
        "while True: pass",
        "def f(): return f()\nf()",
        "x = 'a' * 10**10",
        "x = 10 ** 10 ** 8",
        "x = 1 << 10**9",
        "x = list(range(10**9))",
        "for n in range(10**9): pass",
        "x = f'{1:1000000000}'",
        "x = '%1000000000d' % 1",
        "x = '{:1000000000}'.format(1)",
        "x = 'a'.ljust(10**9)",
        "x = 'ab'\nfor _ in range(40): x = x.replace('a', x)",
        "x = [1]\nfor _ in range(40): x = x + x",
        "import itertools\nx = list(itertools.product(range(100), repeat=9))",
        "import itertools\nx = list(itertools.count())",
        "import math\nx = math.factorial(10**7)",
        "x = bytes(10**10)",
        "x = [n for n in iter(int, 1)]",
        "class N:\n    def __iter__(self): return self\n    def __next__(self): return 1\nx = list(N())",
        "class N:\n    def __getitem__(self, i): return i\nx = list(N())",
        "import functools\nx = functools.reduce(lambda a, b: a * a, range(40), 10)",
    ],
)
def test_work_without_end_is_refused(tmp_path: Path, text: str) -> None:
    result = compiled(tmp_path, text + "\n" + DAG)
    assert result.document is None
    assert "LF202" in codes(result)


def test_a_worker_that_dies_is_a_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEOFLOW_COMPILER_INLINE", raising=False)
    monkeypatch.setattr(pipeline, "PASSES", (lambda compilation: os.kill(os.getpid(), signal.SIGKILL),))
    result = compiled(tmp_path, DAG, inline=False)
    assert result.document is None
    assert codes(result) == {"LF104"}


def test_the_worker_gives_what_the_passes_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEOFLOW_COMPILER_INLINE", raising=False)
    here, there = compiled(tmp_path, DAG), compiled(tmp_path, DAG, inline=False)
    assert here.document is not None
    assert here == there


def test_a_compile_does_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    text = "from airflow.sdk import DAG, task\nNAMES = {'b', 'a', 'c'}\n"
    text += "with DAG('demo'):\n    @task\n    def f(x): return x\n"
    for loop in (
        "    [f(n) for n in NAMES]\n",
        "    for n in NAMES: f(n)\n",
        "    [f(n) for n in list(NAMES)]\n",
    ):
        result = compiled(tmp_path, text + loop)
        assert result.document is not None
        assert [task["call_args"]["x"] for task in result.document["tasks"]] == ["a", "b", "c"]


def test_links_lead_out_of_no_project(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "more").symlink_to(outside, target_is_directory=True)
    for code in (
        "ids = [(HERE / 'link.txt').read_text()]",
        "ids = [open(HERE / 'more' / 'secret.txt').read()]",
        "ids = [p.stem for p in HERE.rglob('*secret*')]",
        "ids = [open(HERE / '..' / 'outside' / 'secret.txt').read()]",
    ):
        text = f"from pathlib import Path\nHERE = Path(__file__).parent\n{code}\n"
        text += "from airflow.sdk import DAG, task\nwith DAG('demo'):\n"
        text += "    for i in ids + ['own']:\n        task(task_id=i)(lambda: 1)()\n"
        (folder / "dag.py").write_text(text)
        dags = compile_every_dag(AirflowFolder.of(folder).project("dag.py")).dags
        documents = [dag.document for dag in dags.values() if dag.document is not None]
        assert all("secret" not in str(document["tasks"]) for document in documents)

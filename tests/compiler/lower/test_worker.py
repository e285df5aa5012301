"""Projects that share a worker process: one that brings it down costs the others nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.lower.worker import run_batch
from leoflow_compiler.project import Project, ProjectConfig


def project(name: str) -> Project:
    return Project(root=Path("/"), config=ProjectConfig(dag_id=name), files={})


def failed(diagnostic: Diagnostic) -> str:
    return diagnostic.message


def compile_here(one: Project) -> str:
    if one.config.dag_id == "deadly":
        os.kill(os.getpid(), signal.SIGTERM)
    if one.config.dag_id == "broken":
        raise ValueError("a defect")
    return f"{one.config.dag_id} in {os.getpid()}"


def test_a_batch_shares_one_process() -> None:
    first, second = run_batch([project("a"), project("b")], compile_here, failed)
    assert first.split()[-1] == second.split()[-1] != str(os.getpid())


def test_each_gets_its_own_where_one_ends_it() -> None:
    first, deadly, last = run_batch([project("a"), project("deadly"), project("b")], compile_here, failed)
    assert deadly == "`dag.py` cannot be compiled: its worker was ended by SIGTERM"
    assert first.startswith("a in ")
    assert last.startswith("b in ")
    assert first.split()[-1] != last.split()[-1]


def test_a_defect_is_told_of_the_one_that_has_it() -> None:
    broken, fine = run_batch([project("broken"), project("a")], compile_here, failed)
    assert broken.startswith("the compiler failed: ValueError")
    assert fine.startswith("a in ")

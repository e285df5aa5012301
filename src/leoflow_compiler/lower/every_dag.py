"""Every DAG of one file: what a plain Airflow folder, where a file may hold several, is compiled as."""

from __future__ import annotations

from dataclasses import replace

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.lower.pipeline import check, evaluate, graph, lower, parse, suppress, validate
from leoflow_compiler.lower.result import Compilation, CompileResult
from leoflow_compiler.lower.worker import run_in_worker
from leoflow_compiler.project import Project
from leoflow_runtime.light import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledFile:
    """`dags` by id; `diagnostics` are those of the file, and of no DAG in particular."""

    dags: dict[str, CompileResult]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        found = [*self.diagnostics, *(one for dag in self.dags.values() for one in dag.diagnostics)]
        return any(diagnostic.severity == "error" for diagnostic in found)


def compile_file(project: Project) -> CompiledFile:
    """`compile_every_dag` in a worker process with limits."""
    return run_in_worker(
        project, compile_every_dag, lambda diagnostic: CompiledFile(dags={}, diagnostics=(diagnostic,))
    )


def compile_every_dag(project: Project) -> CompiledFile:
    """Evaluates the file once and lowers each DAG in it; the project's own `dag_id` is not looked at."""
    whole = Compilation(project=project)
    for one in (parse, evaluate):
        one(whole)
        if whole.failed and whole.interpreter is None:
            break
    if whole.failed:
        return CompiledFile(dags={}, diagnostics=whole.result().diagnostics)
    dags: dict[str, CompileResult] = {}
    for dag_id in dict.fromkeys(dag.dag_id for dag in whole.dags):
        config = replace(project.config, dag_id=dag_id)
        part = replace(whole, project=replace(project, config=config), diagnostics=[])
        for one in (graph, lower, validate, check, suppress):
            one(part)
        dags[dag_id] = part.result()
    return CompiledFile(dags=dags, diagnostics=whole.result().diagnostics)

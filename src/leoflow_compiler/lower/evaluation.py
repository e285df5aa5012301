"""The pass `evaluate`."""

from __future__ import annotations

import posixpath

from leoflow_compiler.checks import FILE_CHECKS
from leoflow_compiler.diagnostics.catalogue.evaluation import BUDGET_EXCEEDED
from leoflow_compiler.evaluate.budget import BudgetExceeded
from leoflow_compiler.evaluate.errors import Raised, Refusal
from leoflow_compiler.evaluate.problems import problem_of
from leoflow_compiler.evaluate.values import Place
from leoflow_compiler.lower.result import Compilation
from leoflow_compiler.models.graph import Dag
from leoflow_compiler.models.registry import make_interpreter


def evaluate_file(compilation: Compilation) -> None:
    """Fills in `interpreter` and `dags`; problems become diagnostics."""
    project = compilation.project
    path = project.config.dag_source
    files = {**project.files, path: project.files.get(path, project.root / path)}
    interpreter = make_interpreter(
        files=files,
        environment_values=project.config.compile_env,
        dependencies=map(str, project.config.dependencies),
    )
    folder = posixpath.dirname(path)
    interpreter.search_path = project.search_path or ((folder, "") if folder else ("",))
    source = compilation.source
    assert source is not None
    interpreter.sources[path] = source
    name = posixpath.basename(path).removesuffix(".py")
    try:
        interpreter.run_module(name, path)
    except BudgetExceeded as exceeded:
        place = interpreter.exhausted or Place(file=source, node=source.tree, statement=source.tree)
        message = f"compiling this file takes too much: {exceeded.limit}"
        advice = "keep work out of the top level of the file; it belongs into tasks"
        interpreter.problems.append(Refusal(BUDGET_EXCEEDED, message, place, help=advice))
    except Raised as raised:
        interpreter.problems.append(problem_of(raised))
    finally:
        interpreter.close()
    compilation.interpreter = interpreter
    names = interpreter.modules[name].names.values() if name in interpreter.modules else ()
    in_module = {id(value) for value in names if isinstance(value, Dag)}
    for dag in interpreter.records.get("dags", ()):
        # As Airflow collects them: used in `with`, or a global of the file.
        registers = dag.entered and dag.arguments.get("auto_register", True) is not False
        if registers or id(dag) in in_module:
            compilation.dags.append(dag)
    for diagnostic in interpreter.diagnostics:
        compilation.add(diagnostic)
    for problem in interpreter.problems:
        compilation.refuse(problem)
    for check in () if compilation.failed else FILE_CHECKS:
        for diagnostic in check(interpreter):
            compilation.add(diagnostic)

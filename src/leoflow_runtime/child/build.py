"""Importing the DAG's file, once per version, and comparing what it builds with `dag.json`."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from types import ModuleType, TracebackType
from typing import Any, Dict, List, Mapping, Optional, Tuple

from leoflow_runtime.child import dialect
from leoflow_runtime.child.structure import differences

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


class BuildFailed(Exception):
    """The file gave no usable DAG; the text is for its author."""


class BuildMismatch(BuildFailed):
    """The DAG built here is not the one that was compiled; `differences` has a line for each."""

    def __init__(self, dag_id: str, differences: List[str]) -> None:
        self.dag_id = dag_id
        self.differences = differences
        lines = "\n".join(f"  {line}" for line in differences)
        super().__init__(
            f"The DAG {dag_id!r} that this environment builds differs from the compiled one:\n{lines}\n"
            "Compile and register the DAG again, from the same files and for the same Python version."
        )


class Built:
    """An imported DAG: the façade's `DAG` object, and the document it was compared with."""

    __slots__ = ("dag", "dag_json", "module")

    def __init__(self, dag: dialect.Dag, dag_json: Mapping[str, Any], module: ModuleType) -> None:
        self.dag = dag
        self.dag_json = dag_json
        self.module = module


def load(payload: Mapping[str, Any]) -> Built:
    """Import the DAG that a launch names: `payload` has `dag_json`, `code_path` (empty: here), `dag_id`.

    Raises BuildMismatch or BuildFailed; whatever the file itself raises comes through, its traceback
    starting at the file's own first frame.
    """
    dag_json = payload["dag_json"]
    dag_id = payload.get("dag_id") or dag_json["dag_id"]
    dag, module = build_dag(payload.get("code_path") or os.getcwd(), dag_id, dag_json)
    found = differences(dag, dag_json)
    if found:
        raise BuildMismatch(dag_id, found)
    return Built(dag, dag_json, module)


def build_dag(code_path: str, dag_id: str, dag_json: Mapping[str, Any]) -> Tuple[dialect.Dag, ModuleType]:
    """What the file builds, with the environment and variables of `evaluated_with`; compared with nothing.

    Of `dag_json` only `dag_source` and `evaluated_with` are read. Raises as `load` does.
    """
    code_path = os.path.abspath(code_path)
    source = os.path.join(code_path, *(dag_json.get("dag_source") or "dag.py").split("/"))
    if not os.path.isfile(source):
        raise BuildFailed(f"The DAG's file {dag_json.get('dag_source') or 'dag.py'} is not in {code_path}.")
    _put_on_path(code_path, os.path.dirname(source))
    _apply_environment(dag_json)
    dialect.contextmanager.DagContext.reset()
    before = dialect.backend.use(_BuildBackend(dag_json))
    try:
        module = _import(source)
    finally:
        dialect.backend.use(before)
    dag = _choose(module, dag_id)
    dag.fileloc = source
    return dag, module


class _BuildBackend(dialect.backend.Backend):  # type: ignore[misc]
    """While a file is imported, variables have exactly the values that it was compiled with."""

    def __init__(self, dag_json: Mapping[str, Any]) -> None:
        self._variables: Dict[str, Any] = (dag_json.get("evaluated_with") or {}).get("variables") or {}

    def get_variable(self, key: str) -> Optional[str]:
        value = self._variables.get(key)
        return value if value is None or isinstance(value, str) else json.dumps(value)


def _apply_environment(dag_json: Mapping[str, Any]) -> None:
    for name, value in ((dag_json.get("evaluated_with") or {}).get("env") or {}).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _put_on_path(*folders: str) -> None:
    """Behind the façade, before everything else; the project's root wins over the file's own folder."""
    for folder in folders:
        if folder in sys.path:
            sys.path.remove(folder)
    place = sys.path.index(dialect.FACADE) + 1
    sys.path[place:place] = list(dict.fromkeys(folders))


def _import(source: str) -> ModuleType:
    stem = os.path.splitext(os.path.basename(source))[0]
    # A file may be named like a module of the standard library that is loaded already.
    name = stem if stem not in sys.modules else f"_leoflow_dag_{stem}"
    spec = importlib.util.spec_from_file_location(name, source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SystemExit:
        del sys.modules[name]
        raise BuildFailed(f"{os.path.basename(source)} called sys.exit() while it was imported.") from None
    except BaseException as error:
        del sys.modules[name]
        _explain(error)
        raise error.with_traceback(_own_frames(error.__traceback__))
    return module


def _explain(error: BaseException) -> None:
    """A part of Airflow that is not here deserves more than "No module named"."""
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "airflow":
        error.msg = f"{error.msg}; Leoflow's lean engine does not have it, nor does an installed package"


def _own_frames(traceback: Optional[TracebackType]) -> Optional[TracebackType]:
    """The traceback from the user's file on."""
    frame = traceback
    while frame is not None:
        filename = frame.tb_frame.f_code.co_filename
        if not filename.startswith((_OURS, "<frozen importlib")):
            return frame
        frame = frame.tb_next
    # A syntax error has no frame of the file; it says itself where it is.
    return None


def _choose(module: ModuleType, dag_id: str) -> dialect.Dag:
    found: Dict[str, dialect.Dag] = {}
    known = dialect.contextmanager.DagContext.autoregistered_dags
    for dag in [*known, *(value for value in vars(module).values() if isinstance(value, dialect.DAG))]:
        found.setdefault(dag.dag_id, dag)
    if dag_id not in found:
        names = ", ".join(sorted(found)) or "none"
        raise BuildFailed(
            f"{os.path.basename(module.__file__ or '')} builds no DAG {dag_id!r}; it builds: {names}."
        )
    return found[dag_id]

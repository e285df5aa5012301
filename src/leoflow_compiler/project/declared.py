"""A DAG that `leoflow.yaml` declares, as the Python that it means.

The text is written to `.leoflow/build/dag.py` of the project and compiled like any other DAG file: there is
one meaning of a task, one compiler and one runtime. It is deterministic, and may be read and taken over.
"""

from __future__ import annotations

import ast
import keyword
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from leoflow_compiler.diagnostics.catalogue import project as codes
from leoflow_compiler.diagnostics.records import Diagnostic
from leoflow_compiler.diagnostics.suggestion import did_you_mean
from leoflow_compiler.project.records import Project
from leoflow_runtime.light import dataclass

DECLARED_SOURCE = ".leoflow/build/dag.py"
_STANDARD = "airflow.providers.standard.operators"
_CLASSES = {
    "bash": (f"{_STANDARD}.bash", "BashOperator"),
    "empty": (f"{_STANDARD}.empty", "EmptyOperator"),
    "http_api": ("airflow.providers.http.operators.http", "HttpOperator"),
}
# Key of the declaration → argument of the operator; those in seconds become durations.
_TASK_ARGUMENTS = {
    "trigger_rule": "trigger_rule",
    "retries": "retries",
    "pool": "pool",
    "pool_slots": "pool_slots",
    "priority_weight": "priority_weight",
    "queue": "queue",
    "depends_on_past": "depends_on_past",
    "doc_md": "doc_md",
    "task_display_name": "task_display_name",
}
_TASK_DURATIONS = {"retry_delay_seconds": "retry_delay", "execution_timeout_seconds": "execution_timeout"}
_DAG_ARGUMENTS = (
    "catchup",
    "max_active_runs",
    "max_active_tasks",
    "fail_fast",
    "is_paused_upon_creation",
    "doc_md",
)
_REQUEST_ARGUMENTS = {
    "method": "method",
    "url": "endpoint",
    "conn_id": "http_conn_id",
    "headers": "headers",
    "body": "data",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """`lines`: line of `text` → position in `tasks`."""

    text: str
    lines: Mapping[int, int]


def check_declared(project: Project) -> Iterator[Diagnostic]:
    """What a schema cannot say: names that mean something."""
    dag = project.config.dag
    assert dag is not None
    ids = [task["task_id"] for task in dag["tasks"]]
    for index, task in enumerate(dag["tasks"]):
        where = project.location_of("dag", "tasks", index)
        if task["task_id"] in ids[:index]:
            yield _wrong(f"the id `{task['task_id']}` is used twice", where)
        for other in sorted({*task.get("depends_on", ()), *_sources(task)}):
            if other not in ids:
                message = f"task `{task['task_id']}` depends on `{other}`, which is not declared"
                yield _wrong(message, where, did_you_mean(other, ids))
        if task["type"] == "python":
            problem = _function_problem(task.get("entrypoint", ""), project.files)
            if problem is not None:
                yield _wrong(f"task `{task['task_id']}`: {problem}", where)
        elif task["type"] == "bash" and not task.get("entrypoint"):
            yield _wrong(f"task `{task['task_id']}` has no command: add `entrypoint`", where)
        elif task["type"] == "http_api" and "http_request" not in task:
            yield _wrong(f"task `{task['task_id']}` has no `http_request`", where)
    known = all({*task.get("depends_on", ()), *_sources(task)} <= {*ids} for task in dag["tasks"])
    if known and _ordered(dag["tasks"]) is None:
        yield _wrong("the tasks depend on each other in a circle", project.location_of("dag", "tasks"))


def declared(project: Project) -> Declared:
    """The text for a declaration that `check_declared` found nothing wrong with."""
    dag = project.config.dag
    assert dag is not None
    writer = _Writer(project.config.dag_id, dag)
    return writer.write()


def _wrong(message: str, span: Any, help: str | None = None) -> Diagnostic:
    return Diagnostic(code=codes.BAD_DECLARATION, message=message, span=span, help=help)


def _function_problem(entrypoint: str, files: Mapping[str, Path]) -> str | None:
    match = re.fullmatch(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)", entrypoint)
    if match is None or any(keyword.iskeyword(part) for part in re.split(r"[.:]", entrypoint)):
        return "`entrypoint` names a function as `module:function`"
    module, function = match.groups()
    base = module.replace(".", "/")
    path = next((one for one in (f"{base}.py", f"{base}/__init__.py") if one in files), None)
    if path is None:
        return f"there is no module `{module}` in the project"
    try:
        tree = ast.parse(files[path].read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return f"`{path}` cannot be read as Python"
    names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if function in names:
        return None
    hint = did_you_mean(function, names)
    return f"`{path}` has no function `{function}`" + (f"; {hint}" if hint else "")


def _sources(task: Mapping[str, Any]) -> Iterator[str]:
    """The tasks whose outputs the task reads."""
    for source in task.get("xcom_input", {}).values():
        yield from _source_ids(source)


def _source_ids(source: Any) -> Iterator[str]:
    if isinstance(source, str):
        yield source
    elif isinstance(source, Mapping):
        yield source["task_id"]
    else:
        for item in source:
            yield from _source_ids(item)


def _ordered(tasks: Any) -> list[Mapping[str, Any]] | None:
    """Upstreams first, else as declared; None for a circle."""
    waiting = {task["task_id"]: {*task.get("depends_on", ()), *_sources(task)} for task in tasks}
    done: set[str] = set()
    found: list[Mapping[str, Any]] = []
    while len(found) < len(tasks):
        ready = [one for one in tasks if one["task_id"] not in done and waiting[one["task_id"]] <= done]
        if not ready:
            return None
        found += ready
        done.update(one["task_id"] for one in ready)
    return found


@dataclass(kw_only=False, slots=True)
class _Writer:
    dag_id: str
    dag: Mapping[str, Any]
    out: list[str] = field(default_factory=list)
    lines: dict[int, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def write(self) -> Declared:
        tasks = _ordered(self.dag["tasks"])
        assert tasks is not None
        position = {task["task_id"]: index for index, task in enumerate(self.dag["tasks"])}
        self._head(tasks)
        for number, task in enumerate(tasks):
            self.names[task["task_id"]] = f"task_{number}"
            self._line(f"    {self._task(task)}", position[task["task_id"]])
        for task in tasks:
            read = set(_sources(task))
            for first in task.get("depends_on", ()):
                if first not in read:
                    edge = f"    {self.names[first]} >> {self.names[task['task_id']]}"
                    self._line(edge, position[task["task_id"]])
        return Declared(text="\n".join(self.out) + "\n", lines=self.lines)

    def _line(self, text: str, task: int | None = None) -> None:
        self.out.append(text)
        if task is not None:
            self.lines[len(self.out)] = task

    def _head(self, tasks: list[Mapping[str, Any]]) -> None:
        types = {task["type"] for task in tasks}
        self._line('"""What `dag:` in leoflow.yaml means; written by the compiler."""')
        self._line("")
        self._line("from datetime import datetime, timedelta")
        self._line("")
        for kind, (module, name) in sorted(_CLASSES.items()):
            if kind in types:
                self._line(f"from {module} import {name}")
        self._line("from airflow.sdk import DAG, task")
        for module in sorted({t["entrypoint"].partition(":")[0] for t in tasks if t["type"] == "python"}):
            self._line(f"import {module}")
        self._line("")
        self._line(f"with DAG({', '.join(self._dag_arguments())}):")

    def _dag_arguments(self) -> Iterator[str]:
        yield repr(self.dag_id)
        schedule = self.dag.get("schedule")
        if isinstance(schedule, Mapping):
            yield f"schedule=timedelta(seconds={schedule['delta_seconds']!r})"
        else:
            yield f"schedule={schedule!r}"
        for name in ("start_date", "end_date"):
            if self.dag.get(name) is not None:
                yield f"{name}=datetime.fromisoformat({str(self.dag[name])!r})"
        if self.dag.get("dagrun_timeout_seconds") is not None:
            yield f"dagrun_timeout=timedelta(seconds={self.dag['dagrun_timeout_seconds']!r})"
        if self.dag.get("params"):
            yield f"params={_plain(self.dag['params'])!r}"
        for name in _DAG_ARGUMENTS:
            if self.dag.get(name) is not None:
                yield f"{name}={self.dag[name]!r}"

    def _task(self, task: Mapping[str, Any]) -> str:
        settings = [f"task_id={task['task_id']!r}", *self._settings(task)]
        name = self.names[task["task_id"]]
        if task["type"] == "python":
            kind = f".{task['kind']}" if task.get("kind") else ""
            module, _, function = task["entrypoint"].partition(":")
            return (
                f"{name} = task{kind}({', '.join(settings)})({module}.{function})"
                f"({', '.join(self._call_arguments(task))})"
            )
        return f"{name} = {_CLASSES[task['type']][1]}({', '.join([*settings, *self._own(task)])})"

    def _settings(self, task: Mapping[str, Any]) -> Iterator[str]:
        for key, argument in _TASK_ARGUMENTS.items():
            if task.get(key) is not None:
                yield f"{argument}={task[key]!r}"
        for key, argument in _TASK_DURATIONS.items():
            if task.get(key) is not None:
                yield f"{argument}=timedelta(seconds={task[key]!r})"

    def _call_arguments(self, task: Mapping[str, Any]) -> Iterator[str]:
        arguments = {name: repr(_plain(value)) for name, value in task.get("call_args", {}).items()}
        arguments |= {name: self._source(value) for name, value in task.get("xcom_input", {}).items()}
        if arguments:
            yield f"**{{{', '.join(f'{name!r}: {value}' for name, value in arguments.items())}}}"

    def _own(self, task: Mapping[str, Any]) -> Iterator[str]:
        if task["type"] == "bash":
            yield f"bash_command={task['entrypoint']!r}"
            if task.get("env"):
                yield f"env={_plain(task['env'])!r}, append_env=True"
        elif task["type"] == "http_api":
            request = task["http_request"]
            for key, argument in _REQUEST_ARGUMENTS.items():
                if request.get(key) is not None:
                    yield f"{argument}={_plain(request[key])!r}"

    def _source(self, source: Any) -> str:
        if isinstance(source, str):
            return self._output(source)
        if isinstance(source, Mapping):
            key = source.get("key", "return_value")
            output = self._output(source["task_id"])
            return output if key == "return_value" else f"{output}[{key!r}]"
        return f"[{', '.join(self._source(item) for item in source)}]"

    def _output(self, task_id: str) -> str:
        types = {task["task_id"]: task["type"] for task in self.dag["tasks"]}
        name = self.names[task_id]
        return name if types[task_id] == "python" else f"{name}.output"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def place(root: Path) -> Path:
    """Where the text is written."""
    return root.joinpath(*posixpath.split(DECLARED_SOURCE))

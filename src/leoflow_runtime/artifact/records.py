"""`dag.json` as frozen records, with every default filled in.

The document (a plain dict, as validated by `check_document`) is what is stored and hashed; records
are what code reads. Source of names and defaults: `schemas/dag.schema.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal

from leoflow_runtime.light import dataclass

RETURN_VALUE = "return_value"

TaskType = Literal["python", "bash", "http_api", "empty", "operator"]
# A cron expression or preset; seconds between runs; assets or a timetable as declared; or nothing.
Schedule = str | float | Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class XComRef:
    """One value of one upstream task."""

    task_id: str
    key: str = RETURN_VALUE
    map_index: int | None = None


# A value, or a real list of values in this order.
Source = XComRef | tuple["Source", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRequest:
    method: str
    url: str | None = None
    conn_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    timeout_seconds: float = 60.0
    success_status_codes: tuple[int, ...] = (200, 201, 202, 204)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskGroupSpec:
    group_id: str
    parent: str | None = None
    tooltip: str = ""
    display_name: str | None = None
    mapped: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSpec:
    """One task, defaults filled in. `raw` is its part of the document."""

    task_id: str
    type: TaskType
    kind: str | None = None
    operator_class: str | None = None
    depends_on: tuple[str, ...] = ()
    edge_labels: Mapping[str, str] = field(default_factory=dict)
    task_group: str | None = None
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay_seconds: float = 300.0
    retry_exponential_backoff: float = 0.0  # 0: off, else the multiplier
    max_retry_delay_seconds: float | None = None
    execution_timeout_seconds: float | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    weight_rule: str = "downstream"
    queue: str = "default"
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    owner: str | None = None
    doc_md: str | None = None
    task_display_name: str | None = None
    do_xcom_push: bool = True
    multiple_outputs: bool = False
    entrypoint: str | None = None
    http_request: HttpRequest | None = None
    execution_mode: Literal["inline", "pod"] | None = None
    wait: Mapping[str, Any] | None = None  # what a native sensor waits for
    sensor: Mapping[str, Any] = field(default_factory=dict)  # how it waits
    env: Mapping[str, str] = field(default_factory=dict)
    xcom_input: Mapping[str, Source] = field(default_factory=dict)
    call_args: Mapping[str, Any] = field(default_factory=dict)
    templates: Mapping[str, Any] = field(default_factory=dict)
    location: tuple[str, int] | None = None  # file, line
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_document(cls, raw: Mapping[str, Any], default_args: Mapping[str, Any]) -> TaskSpec:
        plain = {
            key: value
            for key, value in {**default_args, **raw}.items()
            if key in cls.__dataclass_fields__
            and key not in ("depends_on", "http_request", "xcom_input", "location", "raw")
        }
        request = raw.get("http_request")
        location = raw.get("location")
        return cls(
            **plain,
            depends_on=tuple(raw.get("depends_on", ())),
            http_request=_http_request(request) if request is not None else None,
            xcom_input={name: parse_source(source) for name, source in raw.get("xcom_input", {}).items()},
            location=(location["file"], location["line"]) if location else None,
            raw=raw,
        )

    @property
    def is_native(self) -> bool:
        """Whether the control plane can do it by itself, without a process."""
        return self.execution_mode == "inline"

    def inputs(self) -> tuple[XComRef, ...]:
        """Every upstream value that the task needs, each once, in order of first mention."""
        seen: dict[XComRef, None] = {}
        for source in self.xcom_input.values():
            seen.update(dict.fromkeys(references(source)))
        for value in self.call_args.values():
            seen.update(dict.fromkeys(_embedded(value)))
        for value in self.templates.values():
            seen.update(dict.fromkeys(_embedded(value)))
        return tuple(seen)


@dataclass(frozen=True, kw_only=True, slots=True)
class DagSpec:
    """A whole `dag.json`, defaults filled in. `document` is what it was read from."""

    dag_id: str
    tasks: tuple[TaskSpec, ...]
    dag_version: str | None = None
    image: str | None = None
    dag_display_name: str | None = None
    description: str | None = None
    doc_md: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    schedule: Schedule = None
    schedule_timezone: str = "UTC"
    start_date: datetime | None = None
    end_date: datetime | None = None
    catchup: bool = False
    max_active_runs: int = 16
    max_active_tasks: int = 16
    dagrun_timeout_seconds: float | None = None
    fail_fast: bool = False
    is_paused_upon_creation: bool | None = None
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    task_groups: tuple[TaskGroupSpec, ...] = ()
    required_connections: tuple[str, ...] = ()
    required_variables: tuple[str, ...] = ()
    python: str = "3.11"
    engine: str = "lean"
    dependencies: tuple[str, ...] = ()
    dag_source: str = "dag.py"
    source: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    evaluated_with: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DagSpec:
        """Reads a document that `check_document` has accepted."""
        requires = document.get("requires", {})
        runtime = document.get("runtime", {})
        schedule = document.get("schedule")
        if isinstance(schedule, Mapping) and "delta_seconds" in schedule:
            schedule = float(schedule["delta_seconds"])
        default_args = document.get("default_args", {})
        return cls(
            **{
                name: document[name]
                for name in cls.__dataclass_fields__
                if name in document and name not in _PARSED
            },
            tasks=tuple(TaskSpec.from_document(task, default_args) for task in document["tasks"]),
            tags=tuple(document.get("tags", ())),
            schedule=schedule,
            start_date=_moment(document.get("start_date")),
            end_date=_moment(document.get("end_date")),
            task_groups=tuple(TaskGroupSpec(**group) for group in document.get("task_groups", ())),
            required_connections=tuple(requires.get("connections", ())),
            required_variables=tuple(requires.get("variables", ())),
            python=runtime.get("python", "3.11"),
            engine=runtime.get("engine", "lean"),
            dependencies=tuple(runtime.get("dependencies", ())),
            document=document,
        )

    def task(self, task_id: str) -> TaskSpec:
        """Raises KeyError where the version has no such task."""
        for task in self.tasks:
            if task.task_id == task_id:
                return task
        raise KeyError(task_id)


# Fields of DagSpec whose value in the document has another shape.
_PARSED = frozenset({"tasks", "tags", "schedule", "start_date", "end_date", "task_groups", "document"})


def parse_source(raw: Any) -> Source:
    """A source as written in `xcom_input` or under `$xcom`."""
    if isinstance(raw, str):
        return XComRef(task_id=raw)
    if isinstance(raw, list):
        return tuple(parse_source(item) for item in raw)
    if "task_id" not in raw:  # made of outputs: map, filter, zip, concat, or an argument of a mapped group
        inner = [raw[kind] for kind in ("map", "filter", "zip", "concat") if kind in raw]
        return tuple(parse_source(item) for item in inner)
    return XComRef(task_id=raw["task_id"], key=raw.get("key", RETURN_VALUE), map_index=raw.get("map_index"))


def references(source: Source) -> Iterator[XComRef]:
    """The leaves of a source, in order."""
    if isinstance(source, XComRef):
        yield source
    else:
        for item in source:
            yield from references(item)


def _embedded(value: Any) -> Iterator[XComRef]:
    if isinstance(value, Mapping):
        if set(value) == {"$xcom"}:
            yield from references(parse_source(value["$xcom"]))
        else:
            for item in value.values():
                yield from _embedded(item)
    elif isinstance(value, list):
        for item in value:
            yield from _embedded(item)


def _http_request(raw: Mapping[str, Any]) -> HttpRequest:
    fields = dict(raw)
    if "success_status_codes" in fields:
        fields["success_status_codes"] = tuple(fields["success_status_codes"])
    return HttpRequest(**fields)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

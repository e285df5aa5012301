"""The DAG: what a file declares and the child finds its task in."""

from __future__ import annotations

import copy

from airflow.sdk.definitions._internal.contextmanager import DagContext
from airflow.sdk.definitions._internal.node import validate_key
from airflow.sdk.definitions._internal.renamed import DAG_ARGUMENTS, renamed
from airflow.sdk.definitions._internal.types import NOTSET
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.definitions.param import DagParam, ParamsDict
from airflow.sdk.definitions.taskgroup import TaskGroup
from airflow.sdk.exceptions import DuplicateTaskIdFound, TaskNotFound

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from airflow.sdk.bases.operator import BaseOperator

# Arguments of Airflow's DAG that do not change what a task does: kept as attributes, with these defaults.
_PLAIN: dict[str, Any] = {
    "description": None,
    "end_date": None,
    "template_undefined": None,
    "user_defined_macros": None,
    "user_defined_filters": None,
    "max_active_tasks": 16,
    "max_active_runs": 16,
    "max_consecutive_failed_dag_runs": 0,
    "dagrun_timeout": None,
    "catchup": False,
    "doc_md": None,
    "access_control": None,
    "is_paused_upon_creation": None,
    "jinja_environment_kwargs": None,
    "render_template_as_native_obj": False,
    "owner_links": None,
    "auto_register": True,
    "fail_fast": False,
    "disable_bundle_versioning": None,
    "rerun_with_latest_version": None,
    "on_success_callback": None,
    "on_failure_callback": None,
    "deadline": None,
    "allowed_run_types": None,
}


class DAG:
    """Tasks, groups and their relations under one id."""

    def __init__(
        self,
        dag_id: str,
        *,
        schedule: Any = None,
        start_date: Any = None,
        default_args: dict[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Collection[str] | None = None,
        template_searchpath: str | list[str] | None = None,
        dag_display_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        validate_key(dag_id)
        kwargs = renamed("DAG", kwargs, DAG_ARGUMENTS)
        if schedule is None:
            schedule = kwargs.pop("schedule", None)
        unknown = sorted(kwargs.keys() - _PLAIN.keys())
        if unknown:
            raise TypeError(f"DAG.__init__() got an unexpected keyword argument {unknown[0]!r}")
        for name, default in _PLAIN.items():
            setattr(self, name, kwargs.get(name, default))
        self.dag_id = dag_id
        self.fileloc = ""  # Set by who imports the file.
        self.dag_display_name = dag_display_name or dag_id
        self.schedule = schedule
        self.default_args: dict[str, Any] = copy.deepcopy(default_args) if default_args else {}
        self.start_date = start_date if start_date is not None else self.default_args.get("start_date")
        self.params = ParamsDict(params)
        self.params.update(self.default_args.pop("params", None) or {})
        self.tags = set(tags or ())
        paths = [template_searchpath] if isinstance(template_searchpath, str) else template_searchpath
        self.template_searchpath: list[str] = list(paths or ())
        self.task_dict: dict[str, BaseOperator] = {}
        self.edge_info: dict[str, dict[str, dict[str, Any]]] = {}
        self.task_group = TaskGroup(group_id=None, dag=self, parent_group=None)

    def __enter__(self) -> DAG:
        DagContext.push(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        DagContext.pop()

    @property
    def task_ids(self) -> list[str]:
        return list(self.task_dict)

    @property
    def tasks(self) -> list[BaseOperator]:
        return list(self.task_dict.values())

    @property
    def task_group_dict(self) -> dict[str | None, TaskGroup]:
        """Every named group, by id."""
        return {name: group for name, group in self.task_group.get_task_group_dict().items() if name}

    @property
    def folder(self) -> str:
        """Where the DAG's file is."""
        import os

        return os.path.dirname(self.fileloc)

    @property
    def timezone(self) -> Any:
        """The start date's; UTC where it has none."""
        from airflow.sdk.timezone import utc

        return getattr(self.start_date, "tzinfo", None) or utc

    @property
    def owner(self) -> str:
        return ", ".join(sorted({task.owner for task in self.tasks}))

    @property
    def roots(self) -> list[BaseOperator]:
        return [task for task in self.tasks if not task.upstream_task_ids]

    @property
    def leaves(self) -> list[BaseOperator]:
        return [task for task in self.tasks if not task.downstream_task_ids]

    @property
    def task(self) -> Any:
        """`@task` for tasks of this DAG."""
        import functools

        from airflow.sdk.definitions.decorators import task

        return functools.partial(task, dag=self)

    def add_task(self, task: BaseOperator) -> None:
        """Take a task in. Raises DuplicateTaskIdFound."""
        known = self.task_dict.get(task.task_id)
        if known is task:
            return
        if known is not None or task.task_id in self.task_group.used_group_ids:
            raise DuplicateTaskIdFound(f"Task id '{task.task_id}' has already been added to the DAG")
        if task.task_group is None:
            self.task_group.add(task)
        self.task_dict[task.task_id] = task
        self.task_group.used_group_ids.add(task.task_id)
        task.__dict__["dag"] = self

    def add_tasks(self, tasks: Collection[BaseOperator]) -> None:
        for task in tasks:
            self.add_task(task)

    def has_task(self, task_id: str) -> bool:
        return task_id in self.task_dict

    def get_task(self, task_id: str) -> BaseOperator:
        """The task of that id. Raises TaskNotFound."""
        try:
            return self.task_dict[task_id]
        except KeyError:
            raise TaskNotFound(f"Task {task_id} not found") from None

    def param(self, name: str, default: Any = NOTSET) -> DagParam:
        """A run's value of one parameter, as an argument for tasks."""
        return DagParam(self, name, default)

    def set_edge_info(self, upstream_id: str, downstream_id: str, info: dict[str, Any]) -> None:
        self.edge_info.setdefault(upstream_id, {})[downstream_id] = info

    def get_edge_info(self, upstream_id: str, downstream_id: str) -> dict[str, Any]:
        return self.edge_info.get(upstream_id, {}).get(downstream_id, {})

    def test(self, *args: Any, **kwargs: Any) -> Any:
        refuse("DAG.test()")

    def cli(self) -> None:
        refuse("DAG.cli()")

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"


def dag(dag_id_or_func: Any = None, **dag_kwargs: Any) -> Any:
    """Turn a function into a factory of one DAG; its arguments become the DAG's parameters."""

    def decorate(function: Callable[..., Any]) -> Callable[..., DAG]:
        import functools
        import inspect

        signature = inspect.signature(function)

        @functools.wraps(function)
        def factory(*args: Any, **kwargs: Any) -> DAG:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            options = {"dag_id": name or function.__name__, **dag_kwargs}
            with DAG(**options) as built:
                if function.__doc__ and not built.doc_md:
                    built.doc_md = function.__doc__
                function(**{key: built.param(key, value) for key, value in bound.arguments.items()})
            return built

        return factory

    name = None
    if callable(dag_id_or_func):
        return decorate(dag_id_or_func)
    if dag_id_or_func is not None:
        name = dag_id_or_func
    return decorate

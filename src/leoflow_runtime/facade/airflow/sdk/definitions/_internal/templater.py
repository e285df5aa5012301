"""Rendering of template fields; Jinja2 is imported when the first template is met."""

from __future__ import annotations

from airflow.sdk.definitions._internal.mixins import ResolveMixin
from airflow.sdk.definitions.template import LiteralValue
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from airflow.sdk.bases.operator import BaseOperator

_MARKS = ("{{", "{%", "{#")


class Templater:
    """Renders values for one task in one context."""

    def __init__(
        self, task: BaseOperator, context: Any, environment: Any = None, resolved: Collection[int] = ()
    ) -> None:
        self._task = task
        self._resolved = resolved  # ids of values that are what they are, whatever they look like
        self._context = context
        self._environment = environment
        self._field = ""

    def render_field(self, field: str, value: Any) -> Any:
        """One template field; a failure names it."""
        self._field = field
        return self.render(value)

    def render(self, value: Any) -> Any:
        """Templates rendered and task outputs resolved, in collections of any depth."""
        if self._resolved and id(value) in self._resolved:
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (ResolveMixin, LiteralValue)):
            return value.resolve(self._context)
        kind = type(value)
        if kind is list:
            return [self.render(item) for item in value]
        if kind is tuple:
            return tuple([self.render(item) for item in value])
        if isinstance(value, tuple) and hasattr(kind, "_make"):
            return kind._make([self.render(item) for item in value])
        if kind is set:
            return {self.render(item) for item in value}
        if isinstance(value, dict):
            return {key: self.render(item) for key, item in value.items()}
        return value

    def _text(self, value: str) -> Any:
        extensions = tuple(self._task.template_ext or ())
        if extensions and value.endswith(extensions):
            return self._to_value(self._jinja().get_template(value))
        if any(mark in value for mark in _MARKS):
            return self._to_value(self._jinja().from_string(value))
        return value

    def _to_value(self, template: Any) -> Any:
        return template.render(dict(self._context))

    def _jinja(self) -> Any:
        if self._environment is None:
            self._environment = _environment(self._task, self._field)
        return self._environment


def _environment(task: BaseOperator, field: str) -> Any:
    try:
        import jinja2
        import jinja2.nativetypes
        import jinja2.sandbox
    except ImportError:
        where = f"The field {field!r} of the task {task.task_id!r}" if field else "A field"
        raise AirflowException(
            f"{where} holds a template, but Jinja2 is not installed in this DAG's environment: "
            "add jinja2 to `dependencies` in leoflow.yaml."
        ) from None
    dag = task.dag
    native = task.render_template_as_native_obj
    if native is None:
        native = dag.render_template_as_native_obj
    base = jinja2.nativetypes.NativeEnvironment if native else jinja2.sandbox.SandboxedEnvironment
    options = {
        "loader": jinja2.FileSystemLoader([dag.folder, *dag.template_searchpath]),
        "undefined": dag.template_undefined or jinja2.StrictUndefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
        **(dag.jinja_environment_kwargs or {}),
    }
    environment = base(**options)
    environment.filters.update(_FILTERS)
    environment.filters.update(dag.user_defined_filters or {})
    environment.globals.update(dag.user_defined_macros or {})
    return environment


_FILTERS = {
    "ds": lambda value: value and value.strftime("%Y-%m-%d"),
    "ds_nodash": lambda value: value and value.strftime("%Y%m%d"),
    "ts": lambda value: value and value.isoformat(),
    "ts_nodash": lambda value: value and value.strftime("%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": lambda value: value and value.isoformat().replace("-", "").replace(":", ""),
}

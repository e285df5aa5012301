"""The base of all operators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from airflow.sdk.bases.chaining import chain, chain_linear, cross_downstream
from airflow.sdk.bases.construction import parameter_names, with_defaults
from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator
from airflow.sdk.definitions._internal.contextmanager import ScopeContext
from airflow.sdk.definitions._internal.node import validate_key
from airflow.sdk.definitions._internal.renamed import TASK_ARGUMENTS, renamed, renamed_rule
from airflow.sdk.definitions._internal.types import TriggerRule, WeightRule
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.definitions.xcom_arg import XComArg
from airflow.sdk.exceptions import (
    AirflowException,
    TaskDeferralError,
    TaskDeferralTimeout,
    TaskDeferred,
)

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup

__all__ = ["BaseOperator", "chain", "chain_linear", "cross_downstream"]

# Arguments that are kept as attributes; None where Airflow's default is "not set".
PLAIN: dict[str, Any] = {
    "owner": "airflow",
    "email": None,
    "email_on_retry": True,
    "email_on_failure": True,
    "retries": 0,
    "retry_delay": timedelta(seconds=300),
    "retry_exponential_backoff": 0,
    "max_retry_delay": None,
    "start_date": None,
    "end_date": None,
    "depends_on_past": False,
    "ignore_first_depends_on_past": True,
    "wait_for_past_depends_before_skipping": False,
    "wait_for_downstream": False,
    "priority_weight": 1,
    "weight_rule": "downstream",
    "queue": "default",
    "pool": "default_pool",
    "pool_slots": 1,
    "execution_timeout": None,
    "trigger_rule": TriggerRule.ALL_SUCCESS,
    "resources": None,
    "run_as_user": None,
    "map_index_template": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "executor": None,
    "executor_config": None,
    "do_xcom_push": True,
    "multiple_outputs": False,
    "inlets": None,
    "outlets": None,
    "task_display_name": None,
    "logger_name": None,
    "allow_nested_operators": True,
    "doc": None,
    "doc_md": None,
    "doc_json": None,
    "doc_yaml": None,
    "doc_rst": None,
    "render_template_as_native_obj": None,
    "on_execute_callback": None,
    "on_failure_callback": None,
    "on_success_callback": None,
    "on_retry_callback": None,
    "on_skipped_callback": None,
}
# Arguments that are called in addition to the methods of the same name.
_HOOKS = ("pre_execute", "post_execute")


class BaseOperator(AbstractOperator):
    """A task: its settings, its template fields, and `execute`, which is the work."""

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()
    template_fields_renderers: dict[str, str] = {}
    ui_color = "#fff"
    ui_fgcolor = "#000"
    custom_operator_name: str

    _instantiated = False
    _makes_edges = True
    # Of an instance of a mapped task: arguments that other tasks left, which are no templates.
    _resolved_values: Sequence[Any] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        init = cls.__dict__.get("__init__")
        if init is not None:
            cls.__init__ = with_defaults(init, parameter_names(init))  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        task_id: str,
        dag: DAG | None = None,
        task_group: TaskGroup | None = None,
        default_args: dict[str, Any] | None = None,
        params: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs = renamed(type(self).__name__, kwargs, TASK_ARGUMENTS)
        if kwargs.pop("retry_policy", None):
            refuse("A task's retry_policy")
        for name in _HOOKS:
            hook = kwargs.pop(name, None)
            if hook is not None:
                object.__setattr__(self, name, _hooked(hook, getattr(self, name)))
        unknown = {name: value for name, value in kwargs.items() if name not in PLAIN}
        if unknown:
            raise TypeError(
                f"Invalid arguments were passed to {type(self).__name__} (task_id: {task_id}). "
                f"Invalid arguments were:\n**kwargs: {unknown}"
            )
        self.dag = None
        self.task_group = None
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        self.task_id = task_group.child_id(task_id) if task_group is not None else task_id
        validate_key(self.task_id)
        self.__dict__.update(PLAIN, **kwargs)
        self.params = ParamsDict(params)
        self.trigger_rule = renamed_rule(self.trigger_rule)
        self._check()
        if task_group is not None:
            task_group.add(self)
        if dag is not None:
            dag.add_task(self)
        if ScopeContext.current is not None:
            ScopeContext.current.add(self)

    def _check(self) -> None:
        if self.trigger_rule not in TriggerRule._value2member_map_:
            raise AirflowException(
                f"The trigger_rule must be one of {sorted(TriggerRule._value2member_map_)}, "
                f"'{self.dag_id}.{self.task_id}'; received '{self.trigger_rule}'."
            )
        self.trigger_rule = TriggerRule(self.trigger_rule)
        if isinstance(self.weight_rule, str) and self.weight_rule not in WeightRule._value2member_map_:
            raise AirflowException(f"The weight_rule must be one of {sorted(WeightRule._value2member_map_)}")
        if type(self.priority_weight) is not int:
            raise TypeError(f"`priority_weight` for task '{self.task_id}' only accepts integers")
        if self.pool_slots < 1:
            raise ValueError(f"pool slots for {self.task_id} cannot be less than 1")
        if self.execution_timeout is not None and not isinstance(self.execution_timeout, timedelta):
            raise ValueError(
                "execution_timeout must be timedelta object but passed as type: "
                f"{type(self.execution_timeout)}"
            )
        self.retries = 0 if self.retries is None else int(self.retries)
        for name in ("retry_delay", "max_retry_delay"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, timedelta):
                setattr(self, name, timedelta(seconds=value))
        self.inlets = list(self.inlets or ())
        self.outlets = list(self.outlets or ())
        self.task_display_name = self.task_display_name or self.task_id

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "dag" and value is not None and self.__dict__.get("dag") is not value:
            value.add_task(self)
            return
        object.__setattr__(self, name, value)
        if self._instantiated and name in self.template_fields:
            XComArg.apply_upstream_relationship(self, value)

    def lock_for_execution(self) -> None:
        """From here on template fields are plain attributes."""
        object.__setattr__(self, "_instantiated", False)

    @property
    def operator_class(self) -> type[BaseOperator]:  # type: ignore[override]
        return type(self)

    @property
    def log(self) -> Any:
        import logging

        name = self.logger_name or f"{type(self).__module__}.{type(self).__qualname__}"
        return logging.getLogger(f"airflow.task.operators.{name}")

    def execute(self, context: Any) -> Any:
        """The work. Called with the context, template fields rendered."""
        raise NotImplementedError

    def pre_execute(self, context: Any) -> None:
        """Called right before `execute`."""

    def post_execute(self, context: Any, result: Any = None) -> None:
        """Called right after `execute`, with what it returned."""

    def on_kill(self) -> None:
        """Called when the task is told to stop: end what was started."""

    def prepare_template(self) -> None:
        """Called before the template fields are rendered."""

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Replace each template field by its rendered value; task outputs by the values they stand for."""
        from airflow.sdk.definitions._internal.templater import Templater

        templater = Templater(self, context, jinja_env, {id(value) for value in self._resolved_values})
        for field in self.template_fields:
            value = getattr(self, field)
            if value:
                object.__setattr__(self, field, templater.render_field(field, value))

    def render_template(self, content: Any, context: Any, jinja_env: Any = None) -> Any:
        """One rendered value."""
        from airflow.sdk.definitions._internal.templater import Templater

        return Templater(self, context, jinja_env).render(content)

    def xcom_push(self, context: Any, key: str, value: Any) -> None:
        context["ti"].xcom_push(key=key, value=value)

    def xcom_pull(self, context: Any, **kwargs: Any) -> Any:
        return context["ti"].xcom_pull(**kwargs)

    def defer(
        self, *, trigger: Any, method_name: str, kwargs: dict[str, Any] | None = None, timeout: Any = None
    ) -> Any:
        """End here and go on with `method_name` once the trigger fires; `timeout`: seconds or a timedelta."""
        if timeout is not None and not isinstance(timeout, timedelta):
            timeout = timedelta(seconds=timeout)
        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a deferral. `__fail__`: raises TaskDeferralTimeout or TaskDeferralError."""
        given = next_kwargs or {}
        if next_method != "__fail__":
            return getattr(self, next_method)(context, **given)
        for line in given.get("traceback") or ():
            self.log.error(line)
        error = given.get("error", "Unknown")
        raise TaskDeferralTimeout(error) if error == "Trigger timeout" else TaskDeferralError(error)

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """What all instances of a mapped task have in common; `.expand(…)` makes the task."""
        from airflow.sdk.definitions.mappedoperator import OperatorPartial

        return OperatorPartial(cls, kwargs)

    def _link_outputs(self) -> None:
        if not BaseOperator._makes_edges:
            return
        for field in self.template_fields:
            if field in self.__dict__:
                XComArg.apply_upstream_relationship(self, self.__dict__[field])

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.task_id}>"


def _hooked(hook: Callable[..., Any], method: Callable[..., Any]) -> Callable[..., Any]:
    def call_both(*args: Any, **kwargs: Any) -> None:
        hook(*args, **kwargs)
        method(*args, **kwargs)

    return call_both


BaseOperator.__init__ = with_defaults(  # type: ignore[method-assign]
    BaseOperator.__init__,
    (frozenset({"task_id", "retry_policy", *_HOOKS, *PLAIN}), frozenset({"task_id"})),
)

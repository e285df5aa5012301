"""The operator classes that can be compiled: their parameters and what is done about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cache
from typing import Any

from leoflow_runtime.light import dataclass

STANDARD = "airflow.providers.standard"
REQUIRED: Any = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class OperatorParameter:
    """One parameter."""

    default: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """One operator class."""

    path: str  # what an Airflow user sees as its class
    type: str  # in dag.json
    kind: str | None = None
    template_fields: tuple[str, ...] | None = ()  # None: not known
    own: Mapping[str, OperatorParameter] = field(default_factory=dict)
    decorated: bool = False  # made by `@task`
    bases: tuple[str, ...] = ()
    is_open: bool = False  # its class is not known: any argument is taken
    parameters: Mapping[str, OperatorParameter] = field(init=False, repr=False)  # inherited ones too
    required: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parameters = {**BASE_PARAMETERS, **self.own} if self.own else BASE_PARAMETERS
        required = tuple(name for name, one in parameters.items() if one.default is REQUIRED)
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "required", required)

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def templated(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """The arguments in which outputs make edges: the template fields.

        Those of a class that is not known are not known either. Nearly every argument of a provider's
        operator that can take an output is one, so each of its own arguments counts.
        """
        if self.template_fields is not None:
            return self.template_fields
        return tuple(name for name in arguments if name not in BASE_PARAMETERS)

    @property
    def class_paths(self) -> tuple[str, ...]:
        return (self.path, *self.bases, "airflow.sdk.BaseOperator")


def parameters(**defaults: Any) -> dict[str, OperatorParameter]:
    """Parameters by name, with their defaults."""
    return {name: OperatorParameter(default=default) for name, default in defaults.items()}


BASE_PARAMETERS: dict[str, OperatorParameter] = {
    **parameters(
        task_id=REQUIRED,
        owner="airflow",
        email=None,
        email_on_retry=True,
        email_on_failure=True,
        retries=0,
        retry_delay=300,
        retry_exponential_backoff=0,
        max_retry_delay=None,
        start_date=None,
        end_date=None,
        depends_on_past=False,
        wait_for_downstream=False,
        dag=None,
        params=None,
        default_args=None,
        priority_weight=1,
        weight_rule="downstream",
        queue="default",
        pool=None,
        pool_slots=1,
        execution_timeout=None,
        trigger_rule="all_success",
        map_index_template=None,
        max_active_tis_per_dag=None,
        max_active_tis_per_dagrun=None,
        do_xcom_push=True,
        multiple_outputs=False,
        task_group=None,
        doc=None,
        doc_md=None,
        doc_json=None,
        doc_yaml=None,
        doc_rst=None,
        task_display_name=None,
        logger_name=None,
        allow_nested_operators=True,
        render_template_as_native_obj=None,
    ),
    **parameters(
        ignore_first_depends_on_past=False,
        wait_for_past_depends_before_skipping=False,
        on_execute_callback=None,
        on_failure_callback=None,
        on_success_callback=None,
        on_retry_callback=None,
        on_skipped_callback=None,
        pre_execute=None,
        post_execute=None,
        resources=None,
        run_as_user=None,
        executor=None,
        executor_config=None,
        inlets=None,
        outlets=None,
    ),
}

SENSOR_PARAMETERS = parameters(
    poke_interval=60,
    timeout=604800,
    soft_fail=False,
    mode="poke",
    exponential_backoff=False,
    max_wait=None,
    silent_fail=False,
    never_fail=False,
)
_PYTHON = parameters(
    python_callable=REQUIRED,
    op_args=None,
    op_kwargs=None,
    templates_dict=None,
    templates_exts=None,
    show_return_value_in_logs=True,
)
_PYTHON_FIELDS = ("templates_dict", "op_args", "op_kwargs")
_SHORT_CIRCUIT = parameters(ignore_downstream_trigger_rules=True)
_PYTHON_PATH = f"{STANDARD}.operators.python.PythonOperator"

BASH = Operator(
    path=f"{STANDARD}.operators.bash.BashOperator",
    type="bash",
    template_fields=("bash_command", "env", "cwd"),
    own=parameters(
        bash_command=REQUIRED,
        env=None,
        append_env=False,
        output_encoding="utf-8",
        skip_on_exit_code=99,
        cwd=None,
        output_processor=None,
    ),
)
EMPTY = Operator(path=f"{STANDARD}.operators.empty.EmptyOperator", type="empty")
PYTHON = Operator(path=_PYTHON_PATH, type="python", template_fields=_PYTHON_FIELDS, own=_PYTHON)
BRANCH = Operator(
    path=f"{STANDARD}.operators.python.BranchPythonOperator",
    type="python",
    kind="branch",
    template_fields=_PYTHON_FIELDS,
    own=_PYTHON,
    bases=(_PYTHON_PATH,),
)
SHORT_CIRCUIT = Operator(
    path=f"{STANDARD}.operators.python.ShortCircuitOperator",
    type="python",
    kind="short_circuit",
    template_fields=_PYTHON_FIELDS,
    own={**_PYTHON, **_SHORT_CIRCUIT},
    bases=(_PYTHON_PATH,),
)
HTTP = Operator(
    path="airflow.providers.http.operators.http.HttpOperator",
    type="http_api",
    template_fields=("endpoint", "data", "headers", "http_conn_id"),
    own={
        **parameters(
            endpoint=None,
            method="POST",
            data=None,
            headers=None,
            response_check=None,
            response_filter=None,
            extra_options=None,
            http_conn_id="http_default",
            log_response=False,
            tcp_keep_alive=True,
            tcp_keep_alive_idle=120,
            tcp_keep_alive_count=20,
            tcp_keep_alive_interval=30,
            warn_on_non_idempotent=True,
        ),
        **parameters(
            pagination_function=None, request_kwargs=None, auth_type=None, deferrable=False, retry_args=None
        ),
    },
)

TASK = Operator(
    path=f"{STANDARD}.decorators.python._PythonDecoratedOperator",
    type="python",
    template_fields=_PYTHON_FIELDS,
    own=_PYTHON,
    decorated=True,
    bases=(_PYTHON_PATH,),
)
TASK_BRANCH = Operator(
    path=f"{STANDARD}.decorators.branch_python._BranchPythonDecoratedOperator",
    type="python",
    kind="branch",
    template_fields=_PYTHON_FIELDS,
    own=_PYTHON,
    decorated=True,
    bases=(_PYTHON_PATH,),
)
TASK_SHORT_CIRCUIT = Operator(
    path=f"{STANDARD}.decorators.short_circuit._ShortCircuitDecoratedOperator",
    type="python",
    kind="short_circuit",
    template_fields=_PYTHON_FIELDS,
    own={**_PYTHON, **_SHORT_CIRCUIT},
    decorated=True,
    bases=(_PYTHON_PATH,),
)

# The class that a reader assumes where dag.json names none.
DEFAULT_CLASSES = {"python": TASK.path, "bash": BASH.path, "empty": EMPTY.path, "http_api": HTTP.path}
CLASSIC = (BASH, EMPTY, PYTHON, BRANCH, SHORT_CIRCUIT, HTTP)
DECORATORS = {"python": TASK, "branch": TASK_BRANCH, "short_circuit": TASK_SHORT_CIRCUIT}


@cache
def unknown_operator(path: str) -> Operator:
    """An operator class whose package is not read: its structure and arguments are kept."""
    return Operator(path=path, type="operator", template_fields=None, is_open=True)

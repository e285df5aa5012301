"""Operators that call a function in another interpreter: one that is there, or one made for the task."""

from __future__ import annotations

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

# Where users and Airflow's decorators expect the classes.
_MODULE = PythonOperator.__module__
_SERIALIZERS = ("pickle", "cloudpickle", "dill")
# What of the context can be sent elsewhere.
_CONTEXT = (
    *("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz", "run_id", "params", "logical_date"),
    *("data_interval_start", "data_interval_end", "prev_data_interval_start_success"),
    *("prev_data_interval_end_success", "prev_start_date_success", "task_instance_key_str", "test_mode"),
    *("expanded_ti_count", "task_reschedule_count"),
)


def is_venv_installed() -> bool:
    """Whether environments can be made here."""
    from importlib.util import find_spec

    return find_spec("venv") is not None


class _Apart(PythonOperator):
    __module__ = _MODULE

    def __init__(
        self,
        *,
        serializer: str | None = None,
        string_args: Any = None,
        expect_airflow: bool = True,
        skip_on_exit_code: Any = None,
        env_vars: dict[str, str] | None = None,
        inherit_env: bool = True,
        use_dill: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        self.serializer = serializer or ("dill" if use_dill else "pickle")
        if self.serializer not in _SERIALIZERS:
            raise AirflowException(
                f"Unsupported serializer {serializer!r}. Expected one of {', '.join(map(repr, _SERIALIZERS))}"
            )

    def execute(self, context: Any) -> Any:
        return super().execute({name: context[name] for name in _CONTEXT if name in context})

    def _call_with(self, python: str) -> Any:
        """The function's value, from that interpreter."""
        from airflow.providers.standard.operators import _other_interpreter

        return _other_interpreter.call(self, python)


class PythonVirtualenvOperator(_Apart):
    """In an environment made for it."""

    __module__ = _MODULE
    template_fields = (
        *PythonOperator.template_fields,
        "requirements",
        "index_urls",
        "index_urls_from_connection_ids",
        "venv_cache_path",
    )
    template_ext = (".txt",)

    def __init__(
        self,
        *,
        requirements: Any = None,
        python_version: str | None = None,
        system_site_packages: bool = True,
        pip_install_options: list[str] | None = None,
        index_urls: Any = None,
        index_urls_from_connection_ids: Any = None,
        venv_cache_path: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())
        self.requirements = [requirements] if isinstance(requirements, str) else list(requirements or ())

    def execute_callable(self) -> Any:
        if self.index_urls_from_connection_ids:
            refuse("A virtual environment's index_urls_from_connection_ids")
        from airflow.providers.standard.operators import _made_environment

        with _made_environment.made(self) as python:
            return self._call_with(python)


class ExternalPythonOperator(_Apart):
    """In an environment that is there."""

    __module__ = _MODULE
    template_fields = (*PythonOperator.template_fields, "python")

    def __init__(self, *, python: str, expect_pendulum: bool = False, **kwargs: Any) -> None:
        if not python:
            raise ValueError("Python Path must be defined in ExternalPythonOperator")
        super().__init__(**kwargs)
        keep(self, locals())

    def execute_callable(self) -> Any:
        """Raises ValueError where there is no such interpreter."""
        import os

        if not os.path.exists(self.python):
            raise ValueError(f"Python Path '{self.python}' must exists")
        if not os.access(self.python, os.X_OK) or os.path.isdir(self.python):
            raise ValueError(f"Python Path '{self.python}' must be a file that can be executed")
        return self._call_with(self.python)


class BranchPythonVirtualenvOperator(BaseBranchOperator, PythonVirtualenvOperator):
    """Follows what the function names, from an environment made for it."""

    __module__ = _MODULE

    def choose_branch(self, context: Any) -> Any:
        return PythonVirtualenvOperator.execute(self, context)


class BranchExternalPythonOperator(BaseBranchOperator, ExternalPythonOperator):
    """Follows what the function names, from an environment that is there."""

    __module__ = _MODULE

    def choose_branch(self, context: Any) -> Any:
        return ExternalPythonOperator.execute(self, context)

"""Operators that call a function in another interpreter. They are built as declared; they do not run yet."""

from __future__ import annotations

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.unsupported import not_run

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

# Where users and Airflow's decorators expect the classes.
_MODULE = PythonOperator.__module__


def is_venv_installed() -> bool:
    """Whether environments can be made here."""
    from importlib.util import find_spec

    return find_spec("venv") is not None


@not_run
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


@not_run
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


@not_run
class ExternalPythonOperator(_Apart):
    """In an environment that is there."""

    __module__ = _MODULE
    template_fields = (*PythonOperator.template_fields, "python")

    def __init__(self, *, python: str, expect_pendulum: bool = False, **kwargs: Any) -> None:
        if not python:
            raise ValueError("Python Path must be defined in ExternalPythonOperator")
        super().__init__(**kwargs)
        keep(self, locals())


@not_run
class BranchPythonVirtualenvOperator(BaseBranchOperator, PythonVirtualenvOperator):
    """Follows what the function names, from an environment made for it."""

    __module__ = _MODULE


@not_run
class BranchExternalPythonOperator(BaseBranchOperator, ExternalPythonOperator):
    """Follows what the function names, from an environment that is there."""

    __module__ = _MODULE

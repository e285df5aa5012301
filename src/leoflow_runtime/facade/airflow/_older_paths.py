"""Operators, sensors and hooks under the import paths of older releases. The compiler knows the same table.

Importing this module makes them importable; the packages `airflow.operators`, `.sensors` and `.hooks` do.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

from airflow._protected import is_protected

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

_STANDARD = "airflow.providers.standard"
_SQL = "airflow.providers.common.sql"

# Those that Airflow 3.2 still has.
KEPT = {
    **{
        f"airflow.operators.{name}": f"{_STANDARD}.operators.{name}"
        for name in (
            "bash",
            "branch",
            "datetime",
            "empty",
            "latest_only",
            "python",
            "smooth",
            "trigger_dagrun",
            "weekday",
        )
    },
    **{
        f"airflow.sensors.{name}": f"{_STANDARD}.sensors.{name}"
        for name in ("bash", "date_time", "external_task", "filesystem", "python", "time_delta", "weekday")
    },
    "airflow.sensors.time_sensor": f"{_STANDARD}.sensors.time",
    "airflow.hooks.filesystem": f"{_STANDARD}.hooks.filesystem",
    "airflow.hooks.subprocess": f"{_STANDARD}.hooks.subprocess",
    "airflow.operators.email": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.generic_transfer": f"{_SQL}.operators.generic_transfer",
}
# Those that it has not, and that are there unless a `try` is around.
GONE = {
    **{
        f"airflow.operators.{old}": f"{_STANDARD}.operators.{new}"
        for old, new in {
            "bash_operator": "bash",
            "branch_operator": "branch",
            "dagrun_operator": "trigger_dagrun",
            "dummy": "empty",
            "dummy_operator": "empty",
            "latest_only_operator": "latest_only",
            "python_operator": "python",
        }.items()
    },
    **{
        f"airflow.sensors.{name}_sensor": f"{_STANDARD}.sensors.{name}"
        for name in ("bash", "date_time", "external_task", "time_delta")
    },
    "airflow.sensors.base_sensor_operator": "airflow.sdk",
    "airflow.hooks.base_hook": "airflow.sdk",
    "airflow.operators.email_operator": "airflow.providers.smtp.operators.smtp",
    "airflow.operators.http_operator": "airflow.providers.http.operators.http",
    "airflow.operators.sql": f"{_SQL}.operators.sql",
    "airflow.sensors.http_sensor": "airflow.providers.http.sensors.http",
    "airflow.sensors.s3_key_sensor": "airflow.providers.amazon.aws.sensors.s3",
    "airflow.sensors.sql": f"{_SQL}.sensors.sql",
    "airflow.sensors.sql_sensor": f"{_SQL}.sensors.sql",
    "airflow.hooks.dbapi": f"{_SQL}.hooks.sql",
    "airflow.hooks.dbapi_hook": f"{_SQL}.hooks.sql",
    "airflow.hooks.http_hook": "airflow.providers.http.hooks.http",
    "airflow.hooks.mysql_hook": "airflow.providers.mysql.hooks.mysql",
    "airflow.hooks.postgres_hook": "airflow.providers.postgres.hooks.postgres",
    "airflow.hooks.S3_hook": "airflow.providers.amazon.aws.hooks.s3",
}
_RENAMED = {"DummyOperator": "EmptyOperator", "SimpleHttpOperator": "HttpOperator"}


class _OlderModule(ModuleType):
    """Has the names of the module that took its place."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        newer = import_module(KEPT.get(self.__name__) or GONE[self.__name__])
        if name == "__all__" and not hasattr(newer, "__all__"):
            return [public for public in vars(newer) if not public.startswith("_")]
        found = getattr(newer, name, None)
        return getattr(newer, _RENAMED.get(name, name)) if found is None else found


class _OlderPaths:
    """Last on `sys.meta_path`: a module that is there wins."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name in KEPT or (name in GONE and not is_protected()):
            return ModuleSpec(name, self)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _OlderModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: names are looked up when they are asked for."""


if not any(type(finder).__name__ == "_OlderPaths" for finder in sys.meta_path):
    sys.meta_path.append(_OlderPaths())  # type: ignore[arg-type]

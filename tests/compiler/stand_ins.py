"""Packages that some cases import, as if they were installed in the DAG's environment beside our `airflow`.

Importing this module makes them importable: each class is an operator that takes any argument, all of them
template fields; each `…_task` decorates functions.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

from leoflow_runtime.child import dialect

PACKAGES = (
    "airflow.providers.amazon",
    "airflow.providers.common.sql",
    "airflow.providers.docker",
    "airflow.providers.google",
    "airflow.providers.postgres",
    "company",
)
_BASE = dialect.operator.BaseOperator


class _AnyArguments(_BASE):  # type: ignore[misc, valid-type]
    def __init__(self, **kwargs: Any) -> None:
        known = {"dag", "task_group", "default_args", *_BASE.__init__.accepted}
        own = {name: kwargs.pop(name) for name in kwargs.keys() - known}
        super().__init__(**kwargs)
        self.template_fields = tuple(own)
        self.__dict__.update(own)


def _without_image(factory: Any, *args: Any, image: str, **kwargs: Any) -> Any:
    return factory(*args, **kwargs)


class _Package(ModuleType):
    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith("_task"):
            from airflow.providers.standard.decorators.python import (  # type: ignore[import-not-found]
                _PythonDecoratedOperator,
            )
            from airflow.sdk.bases.decorator import task_decorator_factory  # type: ignore[import-not-found]

            class_name = f"_{name.removesuffix('_task').capitalize()}DecoratedOperator"
            made = self._class(class_name, _PythonDecoratedOperator)
            return partial(_without_image, partial(task_decorator_factory, decorated_operator_class=made))
        return self._class(name, _AnyArguments)

    def _class(self, name: str, base: type) -> type:
        return type(name, (base,), {"__module__": self.__name__, "__qualname__": name})


class _Finder:
    """Last on `sys.meta_path`: what is there wins."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.startswith(PACKAGES):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Package(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: names are made when they are asked for."""


sys.meta_path.append(_Finder())

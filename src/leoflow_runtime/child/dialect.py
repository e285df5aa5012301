"""The only door from the child to the façade: importing this module puts the façade on `sys.path`, first."""

from __future__ import annotations

import os
import sys
from typing import Any

FACADE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "facade")

FALLBACK = os.path.join(FACADE, "_fallback")

# Last, so that what is installed wins.
if FALLBACK not in sys.path:
    sys.path.append(FALLBACK)

# First, so that neither an installed Airflow nor a folder of the project is taken for it.
if FACADE in sys.path:
    sys.path.remove(FACADE)
sys.path.insert(0, FACADE)

from airflow.models.dagrun import DagRun  # type: ignore[import-not-found]  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # type: ignore[import-not-found]  # noqa: E402
from airflow.sdk import exceptions, timezone  # type: ignore[import-not-found]  # noqa: E402
from airflow.sdk.bases import operator  # type: ignore[import-not-found]  # noqa: E402
from airflow.sdk.definitions import connection, context, variable  # type: ignore[import-not-found]  # noqa: E402
from airflow.sdk.definitions._internal import contextmanager, templater  # type: ignore[import-not-found]  # noqa: E402
from airflow.sdk.definitions._internal.types import (  # type: ignore[import-not-found]  # noqa: E402
    NOTSET,
    ArgNotSet,
)
from airflow.sdk.definitions.dag import DAG  # type: ignore[import-not-found]  # noqa: E402
from airflow.sdk.execution_time import backend  # type: ignore[import-not-found]  # noqa: E402

__all__ = [
    "DAG",
    "FACADE",
    "FALLBACK",
    "NOTSET",
    "ArgNotSet",
    "DagRun",
    "TaskInstance",
    "assets",
    "backend",
    "connection",
    "context",
    "contextmanager",
    "exceptions",
    "macros",
    "operator",
    "templater",
    "timezone",
    "variable",
]


def assets() -> Any:
    """The module of assets; few tasks have to do with them."""
    from airflow.sdk.definitions import asset as module

    return module


def macros() -> Any:
    """The module behind `macros` in templates; it loads `random`, `uuid` and others."""
    from airflow import macros as module  # type: ignore[import-not-found]

    return module


# What user code builds is not typed here; the façade is checked by running it.
Operator = Any
Dag = Any

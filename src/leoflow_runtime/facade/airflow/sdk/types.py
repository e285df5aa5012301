"""Types for annotations."""

from __future__ import annotations

from airflow.models.dagrun import DagRun as DagRunProtocol  # noqa: F401
from airflow.models.taskinstance import TaskInstance as RuntimeTaskInstanceProtocol  # noqa: F401
from airflow.sdk.bases.operator import BaseOperator as Operator  # noqa: F401
from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet  # noqa: F401

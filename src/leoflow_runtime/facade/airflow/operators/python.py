"""Python operators under their older path."""

from __future__ import annotations

from airflow.providers.standard.operators.python import *  # noqa: F403
from airflow.providers.standard.operators.python import (  # noqa: F401
    BranchExternalPythonOperator,
    BranchPythonVirtualenvOperator,
    ExternalPythonOperator,
    PythonVirtualenvOperator,
)

"""The operator behind `@task.branch`."""

from __future__ import annotations

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.providers.standard.operators.python import BranchPythonOperator


class _BranchPythonDecoratedOperator(_PythonDecoratedOperator, BranchPythonOperator):
    """Follows what the decorated function names."""

    custom_operator_name = "@task.branch"
    execute = BranchPythonOperator.execute

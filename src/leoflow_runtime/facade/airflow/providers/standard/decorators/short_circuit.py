"""The operator behind `@task.short_circuit`."""

from __future__ import annotations

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator


class _ShortCircuitDecoratedOperator(_PythonDecoratedOperator, ShortCircuitOperator):
    """Goes on when the decorated function returns something true."""

    custom_operator_name = "@task.short_circuit"

"""A run's params: the DAG's defaults with the run's conf on top, checked against their JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine.errors import ParamsInvalid


def merged_params(spec: DagSpec, conf: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults, overridden by conf; keys of conf that are no params come along, as in Airflow."""
    return {name: param["value"] for name, param in spec.params.items()} | dict(conf)


def check_params(spec: DagSpec, conf: Mapping[str, Any]) -> None:
    """Raises ParamsInvalid."""
    if not spec.params:
        return
    from jsonschema import Draft202012Validator

    values = merged_params(spec, conf)
    problems = []
    for name, param in spec.params.items():
        error = next(Draft202012Validator(param.get("schema", {})).iter_errors(values[name]), None)
        if error is not None:
            problems.append((name, error.message))
    if problems:
        raise ParamsInvalid(spec.dag_id, tuple(problems))

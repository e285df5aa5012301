"""A run's params: the DAG's defaults with the run's conf on top, checked against their JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from leoflow_runtime.artifact import DagSpec
from leoflow_runtime.engine.errors import ParamsInvalid

if TYPE_CHECKING:
    from jsonschema import FormatChecker


def merged_params(spec: DagSpec, conf: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults, overridden by conf; keys of conf that are no params come along, as in Airflow."""
    return {name: param["value"] for name, param in spec.params.items()} | dict(conf)


def check_params(spec: DagSpec, conf: Mapping[str, Any]) -> None:
    """Raises ParamsInvalid."""
    if not spec.params:
        return
    from jsonschema import Draft202012Validator

    formats = _formats()
    values = merged_params(spec, conf)
    problems = []
    for name, param in spec.params.items():
        validator = Draft202012Validator(param.get("schema", {}), format_checker=formats)
        error = next(validator.iter_errors(values[name]), None)
        if error is not None:
            problems.append((name, error.message))
    if problems:
        raise ParamsInvalid(spec.dag_id, tuple(problems))


def _formats() -> FormatChecker:
    """Those of JSON Schema, as Airflow's UI uses them: also moments and times, which need a zone."""
    from jsonschema import FormatChecker

    checker = FormatChecker()

    @checker.checks("date-time", ValueError)
    def is_moment(value: object) -> bool:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None

    @checker.checks("time", ValueError)
    def is_time(value: object) -> bool:
        return not isinstance(value, str) or time.fromisoformat(value) is not None

    return checker

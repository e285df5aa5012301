"""All models, and the interpreter that uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from leoflow_compiler.evaluate.budget import Budget
from leoflow_compiler.evaluate.interpreter import Interpreter
from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.models import (
    airflow,
    airflow2,
    airflow_names,
    assets,
    builtin_names,
    contexts,
    custom_operators,
    dags,
    dateutil,
    decorator_factories,
    environment,
    groups,
    import_calls,
    pendulum,
    provider_operators,
    pytz,
    setup_teardown,
    standard,
    task_decorators,
    timetables,
)

LIBRARIES = (
    builtin_names,
    import_calls,
    standard,
    contexts,
    environment,
    pendulum,
    dateutil,
    pytz,
    airflow_names,
    airflow2,
    airflow,
    dags,
    groups,
    task_decorators,
    decorator_factories,
    setup_teardown,
    assets,
    timetables,
)


@cache
def all_models() -> Models:
    """Tables with everything that is modelled. An interpreter works on a copy of them."""
    models = Models()
    for library in LIBRARIES:
        library.register(models)
    return replace(
        models,
        unknown_call=provider_operators.model_of,
        instance_of=timetables.instance_of,
        base_class=custom_operators.base_class,
        constant=airflow_names.version_flag,
        spelling_of=airflow2.spelling_of,
        is_gone=airflow2.is_gone,
        missing_import=airflow_names.missing_import,
        advice=airflow.advice,
    )


def make_interpreter(
    *,
    files: Mapping[str, Path],
    environment_values: Mapping[str, str],
    budget: Budget | None = None,
    dependencies: Iterable[str] = (),
) -> Interpreter:
    """An interpreter that knows all libraries."""
    interpreter = Interpreter(
        files=files,
        environment=environment_values,
        models=all_models().copy(),
        budget=budget,
        dependencies=dependencies,
    )
    builtin_names.attach(interpreter)
    environment.attach(interpreter)
    return interpreter

"""The decorators after `@task.`: which operator class each stands for.

Those of the standard provider are closed: their arguments are known. Every other name is taken to be a
provider's, whose class is named where it is known, and whose arguments are taken as they are.
"""

from __future__ import annotations

import re
from functools import cache

from leoflow_compiler.models.operators import (
    DECORATORS,
    PYTHON,
    SENSOR_PARAMETERS,
    STANDARD,
    Operator,
    parameters,
)

_FIELDS = ("templates_dict", "op_args", "op_kwargs")
_VENV = parameters(
    serializer=None,
    string_args=None,
    expect_airflow=True,
    skip_on_exit_code=None,
    env_vars=None,
    inherit_env=True,
    use_dill=False,
)
_CREATED = parameters(
    requirements=None,
    python_version=None,
    system_site_packages=True,
    pip_install_options=None,
    index_urls=None,
    index_urls_from_connection_ids=None,
    venv_cache_path=None,
)
_CREATED_FIELDS = ("requirements", "index_urls", "index_urls_from_connection_ids", "venv_cache_path")
_GIVEN = parameters(python=None, expect_pendulum=False)


def _standard(kind: str, module: str, name: str, *fields: str, **own: object) -> Operator:
    return Operator(
        path=f"{STANDARD}.decorators.{module}.{name}",
        type="python",
        kind=kind,
        template_fields=(*_FIELDS, *fields),
        own={**PYTHON.own, **own},  # type: ignore[dict-item]
        decorated=True,
        bases=(PYTHON.path,),
    )


_STANDARD = {
    "virtualenv": _standard(
        "virtualenv",
        "python_virtualenv",
        "_PythonVirtualenvDecoratedOperator",
        *_CREATED_FIELDS,
        **_VENV,
        **_CREATED,
    ),
    "external_python": _standard(
        "external_python", "external_python", "_PythonExternalDecoratedOperator", "python", **_VENV, **_GIVEN
    ),
    "branch_virtualenv": _standard(
        "branch_virtualenv",
        "branch_virtualenv",
        "_BranchPythonVirtualenvDecoratedOperator",
        *_CREATED_FIELDS,
        **_VENV,
        **_CREATED,
    ),
    "branch_external_python": _standard(
        "branch_external_python",
        "branch_external_python",
        "_BranchExternalPythonDecoratedOperator",
        "python",
        **_VENV,
        **_GIVEN,
    ),
    "sensor": _standard("sensor", "sensor", "DecoratedSensorOperator", **SENSOR_PARAMETERS),
    "bash": _standard(
        "bash",
        "bash",
        "_BashDecoratedOperator",
        "env",
        "cwd",
        **parameters(
            env=None,
            append_env=False,
            output_encoding="utf-8",
            skip_on_exit_code=99,
            cwd=None,
            output_processor=None,
        ),
    ),
    "stub": _standard("stub", "stub", "_StubOperator"),
}
# The classes behind the decorators of providers, as Airflow's registry of them has it.
_PROVIDERS = {
    "docker": "docker.decorators.docker._DockerDecoratedOperator",
    "kubernetes": "cncf.kubernetes.decorators.kubernetes._KubernetesDecoratedOperator",
    "kubernetes_cmd": "cncf.kubernetes.decorators.kubernetes_cmd._KubernetesCmdDecoratedOperator",
    "pyspark": "apache.spark.decorators.pyspark._PySparkDecoratedOperator",
    "snowpark": "snowflake.decorators.snowpark._SnowparkDecoratedOperator",
    "sql": "common.sql.decorators.sql._SQLDecoratedOperator",
    "analytics": "common.sql.decorators.analytics._AnalyticsDecoratedOperator",
    "sftp_sensor": "sftp.decorators.sensors.sftp._DecoratedSFTPSensor",
    "agent": "common.ai.decorators.agent._AgentDecoratedOperator",
    "llm": "common.ai.decorators.llm._LLMDecoratedOperator",
    "llm_branch": "common.ai.decorators.llm_branch._LLMBranchDecoratedOperator",
}


@cache
def decorator_operator(kind: str) -> Operator:
    """The operator that `@task.<kind>` makes tasks of."""
    known = DECORATORS.get(kind) or _STANDARD.get(kind)
    if known is not None:
        return known
    path = _PROVIDERS.get(kind)
    return _open(f"airflow.providers.{path}" if path else f"airflow.sdk.task.{kind}", kind)


def operator_of_class(path: str) -> Operator:
    """The operator of a class that is written for decorated functions."""
    for kind in (*DECORATORS, *_STANDARD):
        if decorator_operator(kind).path == path:
            return decorator_operator(kind)
    known = next((kind for kind, end in _PROVIDERS.items() if path.endswith(f".{end}")), None)
    return _open(path, known or kind_of_class(path.rpartition(".")[2]))


def kind_of_class(name: str) -> str:
    """`my_decorated` of `_MyDecoratedOperator`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_").removesuffix("Operator")).lower()


def kind_of_function(path: str) -> str | None:
    """`docker` of `airflow.providers.docker.decorators.docker.docker_task`; None for any other function."""
    module, _, name = path.rpartition(".")
    if not module.startswith("airflow.providers.") or ".decorators." not in module:
        return None
    return name.removesuffix("_task") if name.endswith("_task") and name.islower() else None


def _open(path: str, kind: str) -> Operator:
    return Operator(
        path=path,
        type="python",
        kind=kind,
        template_fields=None,
        own=PYTHON.own,
        decorated=True,
        is_open=True,
        bases=(PYTHON.path,),
    )

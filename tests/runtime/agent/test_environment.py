"""Which of an agent's variables reach a task."""

from __future__ import annotations

import pytest

from leoflow_runtime.agent.zygotes import clean_environment

AGENT = {
    "PATH": "/bin",
    "HOME": "/root",
    "SECRET": "s",
    "REGION": "eu",
    "LEOFLOW_LAUNCH_TOKEN_FILE": "/token",
}


@pytest.mark.parametrize(
    ("passed", "names"),
    [
        (None, set()),
        ("REGION,MISSING", {"REGION"}),
        ("*", {"SECRET", "REGION"}),
        ("LEOFLOW_LAUNCH_TOKEN_FILE", set()),
    ],
)
def test_of_its_pods_variables_a_task_gets_those_of_its_override(passed: str | None, names: set[str]) -> None:
    inherited = AGENT if passed is None else {**AGENT, "LEOFLOW_TASK_ENVIRONMENT": passed}
    assert clean_environment(inherited, "/usr/bin/python3", {}).keys() == {"PATH", "HOME"} | names


def test_what_the_dag_was_built_with_comes_last() -> None:
    inherited = {**AGENT, "LEOFLOW_TASK_ENVIRONMENT": "REGION"}
    assert clean_environment(inherited, "/usr/bin/python3", {"REGION": "us"})["REGION"] == "us"

"""`dag.json` as records: defaults filled in, sources in declaration order."""

from __future__ import annotations

from datetime import UTC, datetime

from leoflow_runtime.artifact import DagSpec, XComRef

DOCUMENT = {
    "schema_version": "1.0",
    "dag_id": "search",
    "schedule": {"delta_seconds": 90},
    "start_date": "2026-01-01T00:00:00+00:00",
    "default_args": {"retries": 2, "retry_delay_seconds": 5},
    "requires": {"connections": ["pg"], "variables": ["limit"]},
    "runtime": {"python": "3.12", "dependencies": ["requests==2.32.3"]},
    "tasks": [
        {"task_id": "trial", "type": "python", "entrypoint": "dag:trial", "call_args": {"lr": 0.1}},
        {"task_id": "trial__1", "type": "python", "entrypoint": "dag:trial", "retries": 0},
        {
            "task_id": "best",
            "type": "python",
            "entrypoint": "dag:best",
            "depends_on": ["trial", "trial__1"],
            "xcom_input": {"trials": ["trial__1", "trial"], "first": {"task_id": "trial", "key": "loss"}},
            "call_args": {"named": {"a": [1, {"$xcom": "trial"}]}},
        },
    ],
}


def test_defaults_come_from_the_schema_and_default_args() -> None:
    spec = DagSpec.from_document(DOCUMENT)
    trial = spec.task("trial")
    assert (trial.trigger_rule, trial.pool, trial.priority_weight) == ("all_success", "default_pool", 1)
    assert (trial.retries, trial.retry_delay_seconds) == (2, 5)
    assert spec.task("trial__1").retries == 0, "what the task says wins over default_args"
    assert (spec.max_active_runs, spec.catchup, spec.engine) == (16, False, "lean")


def test_schedule_dates_and_requirements_are_typed() -> None:
    spec = DagSpec.from_document(DOCUMENT)
    assert spec.schedule == 90.0
    assert spec.start_date == datetime(2026, 1, 1, tzinfo=UTC)
    assert (spec.required_connections, spec.required_variables) == (("pg",), ("limit",))
    assert (spec.python, spec.dependencies) == ("3.12", ("requests==2.32.3",))


def test_inputs_are_every_source_once_in_order_of_mention() -> None:
    best = DagSpec.from_document(DOCUMENT).task("best")
    assert best.inputs() == (
        XComRef(task_id="trial__1"),
        XComRef(task_id="trial"),
        XComRef(task_id="trial", key="loss"),
    )
    assert best.xcom_input["trials"] == (XComRef(task_id="trial__1"), XComRef(task_id="trial"))

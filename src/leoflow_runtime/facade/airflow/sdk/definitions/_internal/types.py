"""Rules and markers."""

from __future__ import annotations

from enum import Enum


class ArgNotSet:
    """Type of `NOTSET`."""

    def __repr__(self) -> str:
        return "NOTSET"


NOTSET = ArgNotSet()


class TriggerRule(str, Enum):
    """When a task may run, given its upstream tasks."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"


class WeightRule(str, Enum):
    """How a task's effective priority is computed."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"


class _Named(str, Enum):
    """What the rules of older import paths can do, and those of `airflow.sdk` cannot."""

    @classmethod
    def is_valid(cls, rule: str) -> bool:
        """Whether this is the name of a rule."""
        return rule in cls._value2member_map_

    @classmethod
    def all_triggers(cls) -> set[str]:
        """Every rule's name."""
        return {rule.value for rule in cls}

    all_weight_rules = all_triggers

    def __str__(self) -> str:
        return self.value


# Airflow has two enumerations of the same rules, which differ in what `str()` gives.
NamedTriggerRule = _Named("TriggerRule", {rule.name: rule.value for rule in TriggerRule})
NamedWeightRule = _Named("WeightRule", {rule.name: rule.value for rule in WeightRule})


class TaskInstanceState(str, Enum):
    """States of a task instance."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"


class DagRunState(str, Enum):
    """States of a DAG run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"

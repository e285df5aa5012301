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

    @classmethod
    def is_valid(cls, trigger_rule: str) -> bool:
        """Whether this is the name of a rule."""
        return trigger_rule in cls._value2member_map_

    @classmethod
    def all_triggers(cls) -> set[str]:
        """Every rule's name."""
        return {rule.value for rule in cls}

    def __str__(self) -> str:
        return self.value


class WeightRule(str, Enum):
    """How a task's effective priority is computed."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"

    @classmethod
    def is_valid(cls, weight_rule: str) -> bool:
        """Whether this is the name of a rule."""
        return weight_rule in cls._value2member_map_

    @classmethod
    def all_weight_rules(cls) -> set[str]:
        """Every rule's name."""
        return {rule.value for rule in cls}

    def __str__(self) -> str:
        return self.value

"""Suggestions for mistyped words."""

import pytest

from leoflow_compiler.diagnostics.suggestion import did_you_mean, nearest

KEYS = ["retries", "retry_delay_seconds", "schedule", "tags"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("retris", "retries"), ("Tags", "tags"), ("shedule", "schedule"), ("colour", None), ("tags", None)],
)
def test_the_nearest_word(word: str, meant: str | None) -> None:
    assert nearest(word, KEYS) == meant


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [("tsak", "task", "task"), ("nope", "open", None), ("datetime", "time", None)],
)
def test_short_words_are_alike_from_their_first_letter_on(word: str, known: str, meant: str | None) -> None:
    assert nearest(word, [known]) == meant


def test_few_known_words_are_listed_and_many_are_not() -> None:
    assert did_you_mean("colour", ["b", "a"]) == "known here: `a`, `b`"
    assert did_you_mean("colour", [f"key{i}" for i in range(40)]) is None
    assert did_you_mean("colour", [f"key{i}" for i in range(40)], most=40) is not None
    assert did_you_mean("anything", []) is None

"""Ignore patterns against paths."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leoflow_compiler.project.patterns import is_excluded, parse_patterns


def excluded(path: str, *lines: str) -> bool:
    return is_excluded(path.rstrip("/"), folder=path.endswith("/"), patterns=parse_patterns(lines))


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("*.pyc", ["a.pyc", "x/y/b.pyc"], ["a.py", "a.pyc.txt"]),
        ("build", ["build/", "x/build", "build"], ["rebuild", "build.py"]),
        ("build/", ["build/", "x/build/"], ["build", "x/build"]),
        ("/build", ["build/", "build"], ["x/build"]),
        ("docs/*.md", ["docs/a.md"], ["docs/x/a.md", "x/docs/a.md"]),
        ("docs/**", ["docs/a", "docs/x/a"], ["docs/"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a/zz", "z"]),
        ("**/z", ["z", "a/z"], ["zz"]),
        ("f?o", ["foo", "x/f1o"], ["fo", "f/o"]),
        ("[ab].txt", ["a.txt", "b.txt"], ["c.txt", "ab.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt"]),
        ("a.b", ["a.b"], ["axb"]),
        ("./x", ["x"], ["y/x"]),
        ("# comment", [], ["# comment"]),
    ],
)
def test_what_a_pattern_means(pattern: str, hits: list[str], misses: list[str]) -> None:
    assert [path for path in hits if not excluded(path, pattern)] == []
    assert [path for path in misses if excluded(path, pattern)] == []


def test_the_last_match_wins() -> None:
    assert not excluded("keep.csv", "*.csv", "!keep.csv")
    assert excluded("keep.csv", "!keep.csv", "*.csv")


segments = st.text(alphabet="ab.*?[]!-^\\", min_size=1, max_size=6)


@settings(deadline=None)
@example("[^]", ["a"])
@given(st.lists(segments, min_size=1, max_size=4).map("/".join), st.lists(st.sampled_from("abc"), min_size=1))
def test_any_text_is_a_pattern(pattern: str, parts: list[str]) -> None:
    path = "/".join(parts)
    hit = excluded(path, pattern)
    assert excluded(path, pattern, "!**") is False
    assert excluded(path, pattern, pattern) is hit


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab.[]*", min_size=1, max_size=5), min_size=2, max_size=4))
def test_an_escaped_literal_path_excludes_itself_only(parts: list[str]) -> None:
    literal = "/".join("".join(f"[{c}]" if c in "*[" else c for c in part) for part in parts)
    path = "/".join(parts)
    assert excluded(path, "/" + literal)
    assert not excluded(path + "x", "/" + literal)

"""Raw output to NDJSON: properties that hold for any output in any division."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from leoflow_runtime.agent import log_lines
from leoflow_runtime.agent.log_lines import LineConverter, Masker


def converted(chunks: list[bytes], secrets: list[str] | None = None) -> list[dict[str, object]]:
    converter = LineConverter(Masker(secrets or []), clock=lambda: "2026-01-01T00:00:00Z")
    data = b"".join(converter.feed(chunk) for chunk in chunks) + converter.finish()
    assert not data or data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def divided(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


_PIECES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [b"\n", b"\x1e", b"\x1e{", b'\x1e{"event":"e","level":"info"}\n', b"\r\n", "ü€".encode()]
        ),
    ),
    max_size=12,
).map(b"".join)


@given(_PIECES, st.lists(st.integers(0, 150), max_size=6))
def test_the_division_into_chunks_does_not_matter(data: bytes, cuts: list[int]) -> None:
    assert converted(divided(data, cuts)) == converted([data])


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\x1e", exclude_categories=["Cs"])), max_size=8))
def test_raw_lines_come_back_as_they_were(lines: list[str]) -> None:
    data = "".join(line + "\n" for line in lines).encode()
    assert [line["event"] for line in converted([data])] == lines


@given(
    st.text("abc", min_size=5, max_size=8),
    st.lists(st.sampled_from(["abcab", "a", "b", "c", "\n", "SECRET"]), max_size=40),
    st.lists(st.integers(0, 200), max_size=6),
)
def test_no_secret_survives_in_any_line(secret: str, pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces).replace("SECRET", secret)
    for line in converted(divided(text.encode(), cuts), [secret]):
        assert secret not in str(line["event"])


@given(st.integers(0, 300), st.integers(0, 60), st.lists(st.integers(0, 600), max_size=5))
def test_no_secret_survives_where_a_long_line_is_divided(before: int, after: int, cuts: list[int]) -> None:
    limit, log_lines.LINE_LIMIT = log_lines.LINE_LIMIT, 64
    try:
        lines = converted(divided(b"x" * before + b"hunter2" + b"y" * after, cuts), ["hunter2"])
    finally:
        log_lines.LINE_LIMIT = limit
    text = "".join(str(line["event"]) for line in lines)
    assert text == "x" * before + "***" + "y" * after


def test_a_record_keeps_its_fields_and_gets_a_time_if_it_has_none() -> None:
    assert converted([b'\x1e{"event":"e","level":"error","logger":"l","n":1}\n']) == [
        {"event": "e", "level": "error", "logger": "l", "n": 1, "timestamp": "2026-01-01T00:00:00Z"}
    ]


def test_a_record_behind_an_open_line_stands_on_its_own() -> None:
    assert [line["event"] for line in converted([b'progress 10%\x1e{"event":"done"}\n'])] == [
        "progress 10%",
        "done",
    ]


def test_what_only_looks_like_a_record_is_raw_output() -> None:
    lines = converted([b'\x1e{broken\n\x1e[1]\n\x1e{"event": 3}\n'])
    assert [line["logger"] for line in lines] == ["task.stdout"] * 3


def test_every_line_of_a_secret_of_several_lines_is_masked() -> None:
    lines = converted([b"-----KEY-----\nMIIEpA\nab\n"], ["-----KEY-----\nMIIEpA\nab"])
    assert [line["event"] for line in lines] == ["***", "***", "ab"]

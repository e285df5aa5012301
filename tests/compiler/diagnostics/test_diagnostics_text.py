"""What a diagnostic looks like in a terminal."""

from leoflow_compiler.diagnostics import (
    Code,
    Diagnostic,
    Note,
    Span,
    exit_code,
    in_order,
    render_text,
    summary,
)
from leoflow_compiler.diagnostics.catalogue import find_code
from leoflow_compiler.diagnostics.outcome import is_repeatable

ERROR = Code(code="LF999", name="test-error", summary="", explanation="")
WARNING = Code(code="LF998", name="test-warning", severity="warning", summary="", explanation="")

FILES = {
    "dag.py": ["import os", "\tfor x in table():", "    name = '日本' + x", "y = '\x1b[2J' + z"],
    "long.py": ["a" * 300 + "bad" + "c" * 300],
}


def rendered(*diagnostics: Diagnostic, prefix: str = "", colour: bool = False) -> str:
    return render_text(diagnostics, FILES.get, prefix=prefix, colour=colour)


def test_excerpt_caret_note_and_help() -> None:
    item = Diagnostic(
        code=ERROR,
        message="`x` decides a task_id and is not known",
        span=Span(file="dag.py", line=3, column=19, end_line=3, end_column=20),
        notes=(Note(message="made unknown here", span=Span(file="dag.py", line=2)), Note(message="no place")),
        help="iterate over a literal list\nor use a constant",
    )
    assert rendered(item, prefix="sales/") == (
        "error[LF999]: `x` decides a task_id and is not known\n"
        " --> sales/dag.py:3:19\n"
        "  |\n"
        "3 |     name = '日本' + x\n"
        "  |                     ^\n"
        "  = note: made unknown here\n"
        " --> sales/dag.py:2\n"
        "  |\n"
        "2 |     for x in table():\n"
        "  |     ^^^^^^^^^^^^^^^^^\n"
        "  = note: no place\n"
        "  = help: iterate over a literal list\n"
        "          or use a constant\n"
        "\n"
    )


def test_without_a_place_the_project_is_named() -> None:
    assert rendered(Diagnostic(code=WARNING, message="odd"), prefix="sales/") == (
        "warning[LF998]: odd\n --> sales\n\n"
    )


def test_a_file_that_is_gone_and_a_line_beyond_the_end_have_no_excerpt() -> None:
    for span in (Span(file="gone.py", line=1), Span(file="dag.py", line=99)):
        assert rendered(Diagnostic(code=ERROR, message="m", span=span)).count("\n") == 3


def test_control_characters_never_reach_the_terminal() -> None:
    text = rendered(Diagnostic(code=ERROR, message="m", span=Span(file="dag.py", line=4)))
    assert "\x1b" not in text
    assert "'�[2J'" in text


def test_a_long_line_is_cut_around_the_place() -> None:
    span = Span(file="long.py", line=1, column=301, end_line=1, end_column=304)
    lines = rendered(Diagnostic(code=ERROR, message="m", span=span)).splitlines()
    text, carets = lines[3], lines[4]
    assert len(text) < 170
    assert text[carets.index("^") : carets.rindex("^") + 1] == "bad"


def test_colour_only_adds_escapes() -> None:
    item = Diagnostic(code=ERROR, message="m", span=Span(file="dag.py", line=1), help="h")
    coloured = rendered(item, colour=True)
    assert "\x1b[1;31merror[LF999]\x1b[0m" in coloured
    plain = coloured
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[1;34m", "\x1b[1;32m"):
        plain = plain.replace(code, "")
    assert plain == rendered(item)


def test_the_summary_counts() -> None:
    error, warning = Diagnostic(code=ERROR, message="e"), Diagnostic(code=WARNING, message="w")
    assert summary([]) == ""
    assert summary([error]) == "1 error"
    assert summary([error, warning, error]) == "2 errors, 1 warning"


def test_the_order_does_not_depend_on_how_problems_were_found() -> None:
    def at(file: str, line: int) -> Diagnostic:
        return Diagnostic(code=ERROR, message="m", span=Span(file=file, line=line))

    nowhere = Diagnostic(code=ERROR, message="m")
    expected = (nowhere, at("a.py", 2), at("a.py", 10), at("b.py", 1))
    assert in_order(reversed(expected)) == expected


def test_the_status_tells_problems_from_defects() -> None:
    internal = find_code("internal-error")
    stopped = find_code("compiler-stopped")
    assert internal is not None
    assert stopped is not None
    error, warning = Diagnostic(code=ERROR, message="e"), Diagnostic(code=WARNING, message="w")
    defect, crash = Diagnostic(code=internal, message="d"), Diagnostic(code=stopped, message="c")
    found = ([], [warning], [warning, error], [crash], [error, defect])
    assert [int(exit_code(items)) for items in found] == [0, 0, 1, 1, 2]
    assert [is_repeatable([item]) for item in (error, warning, crash, defect)] == [True, True, False, False]

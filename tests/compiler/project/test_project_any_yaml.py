"""Whatever stands in leoflow.yaml: an answer, in order, with a place inside the file."""

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_compiler.diagnostics import in_order, lines_in, render_text
from leoflow_compiler.project import load_project
from leoflow_runtime.artifact.resources import schema

words = st.text(max_size=6) | st.sampled_from(["a", "1Gi", "3.12", "..", "/", "x==1"])
scalars = st.one_of(
    words, st.integers(-2, 200), st.floats(allow_nan=False), st.booleans(), st.none(), st.dates()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def fitting(rules: dict) -> st.SearchStrategy:
    """Values that follow the schema here and there."""
    rules = schema("leoflow-yaml")["$defs"][rules["$ref"].rpartition("/")[2]] if "$ref" in rules else rules
    if "properties" in rules:
        known = {key: fitting(value) for key, value in rules["properties"].items()}
        return st.fixed_dictionaries({}, optional=known) | values
    if "enum" in rules:
        return st.sampled_from(rules["enum"]) | values
    return values


documents = fitting(schema("leoflow-yaml"))


@settings(deadline=None, max_examples=100)
@given(documents | values)
def test_any_yaml_gets_an_answer(document: object) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "dag.py").write_text("")
        (folder / "leoflow.yaml").write_text(text, "utf-8")
        project, diagnostics = load_project(folder)
        rendered = render_text(diagnostics, lines_in(folder))
    assert (project is None) == bool(diagnostics)
    assert in_order(diagnostics) == diagnostics
    assert all(0 < item.span.line <= text.count("\n") + 1 for item in diagnostics if item.span)
    assert rendered.count("error[") >= len(diagnostics)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60) | st.text(alphabet="{}[]:-&*!|>'\"%@`#\t\n ab,?", max_size=40).map(str.encode))
def test_any_bytes_get_an_answer(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "dag.py").write_text("")
        (Path(name) / "leoflow.yaml").write_bytes(content)
        project, diagnostics = load_project(Path(name))
    assert (project is None) == bool(diagnostics)

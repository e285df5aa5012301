"""The YAML reader: same values as PyYAML, true places, and no way to hang it."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from leoflow_compiler.project.yaml_reader import MAX_DEPTH, read_yaml

words = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85"), max_size=8
)
scalars = st.one_of(words, st.integers(-(10**6), 10**6), st.booleans(), st.none())
documents = st.dictionaries(
    words.filter(lambda word: word != "<<"),
    st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
        max_leaves=8,
    ),
    max_size=5,
)


@settings(deadline=None)
@given(documents, st.booleans())
def test_it_reads_what_pyyaml_wrote(document: dict, flow: bool) -> None:
    text = yaml.safe_dump(document, allow_unicode=True, default_flow_style=flow)
    read = read_yaml(text, "f.yaml")
    assert read.diagnostics == ()
    assert read.value == document
    assert {path[0] for path in read.places} == set(document)


def test_merged_mappings_fill_in_what_is_not_written() -> None:
    read = read_yaml("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n", "f.yaml")
    assert read.value["b"] == {"x": 1, "y": 3}


def told(text: str) -> list[str]:
    return [item.message for item in read_yaml(text, "f.yaml").diagnostics]


def test_hostile_nesting_is_refused_before_it_recurses() -> None:
    assert told("[" * 100_000) == [f"not valid YAML: values are nested more than {MAX_DEPTH} deep"]
    assert told("{a: " * 1_000 + "1" + "}" * 1_000) == [
        f"not valid YAML: values are nested more than {MAX_DEPTH} deep"
    ]


def test_aliases_cannot_multiply() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert told("\n".join(lines)) == ["not valid YAML: the file has more than 20,000 values"]


def test_an_impossible_date_is_told() -> None:
    (message,) = told("start: 2024-13-45\n")
    assert message.startswith("not valid YAML: '2024-13-45' cannot be read")

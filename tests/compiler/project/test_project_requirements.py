"""Our small check of PEP 508 against the reference implementation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from leoflow_compiler.project.requirement import requirement_problem

GOOD = [
    "requests",
    "requests==2.32.3",
    "requests[socks,security]>=2,<3",
    "A.B-C_d ~= 1.4.2",
    "numpy (>=1.20)",
    "pip @ https://example.org/pip.zip",
    "pip @ file:///tmp/pip.whl ; python_version < '3.12'",
    "torch>=2; (sys_platform == 'linux' or os_name != \"nt\") and extra == 'gpu'",
    "x===1.0-weird",
    "x==1.*",
    "x; python_version not in '3.9 3.10'",
]
BAD = [
    "",
    "requests=2",
    "-r file",
    "./x",
    "a b",
    "x>=",
    "x[",
    "x;",
    "x; and",
    "x; python < '3'",
    "x # why",
    "==1",
]


@pytest.mark.parametrize("text", GOOD)
def test_accepted(text: str) -> None:
    Requirement(text)
    assert requirement_problem(text) is None


@pytest.mark.parametrize("text", BAD)
def test_refused(text: str) -> None:
    with pytest.raises(InvalidRequirement):
        Requirement(text)
    assert requirement_problem(text) is not None


names = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,5}[A-Za-z0-9]", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}(rc[0-9]|\.post[0-9])?", fullmatch=True)
bounds = st.lists(
    st.tuples(st.sampled_from(["==", "!=", ">=", "<=", "<", ">"]), versions).map("".join), max_size=3
)
markers = st.tuples(
    st.sampled_from(["python_version", "sys_platform", "extra"]),
    st.sampled_from(["==", "<", " in ", " not in "]),
    st.sampled_from(["'3.11'", '"linux"']),
).map("".join)


@settings(deadline=None)
@given(names, st.lists(names, max_size=2), bounds, st.lists(markers, max_size=3))
def test_what_packaging_accepts_is_accepted(
    name: str, extras: list[str], bounds: list[str], markers: list[str]
) -> None:
    text = name + (f"[{','.join(extras)}]" if extras else "") + ",".join(bounds)
    text += "; " + " and ".join(markers) if markers else ""
    Requirement(text)
    assert requirement_problem(text) is None

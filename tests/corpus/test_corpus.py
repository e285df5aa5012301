"""Real DAG files against what Airflow 3.2.2 itself built from them, a seeded share (LEOFLOW_SEED).

`oracle_a.json` holds what Airflow's DagBag made of the files; they are fetched by pinned hash and never
committed. An answer that differs is a defect; declining is allowed, where it always was. `make corpus` takes
all of them.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from leoflow_compiler.cli.compilation import warm
from tests.corpus.compiled import compile_one
from tests.corpus.facade import not_built, why_not_built
from tests.corpus.score import answered, score
from tests.corpus.sources import NotFetched, blob, fetched

HERE = Path(__file__).parent
SHARE = 24
ANSWERS: dict[str, Any] = json.loads((HERE / "oracle_a.json").read_text("utf-8"))
FILES = {f"{file['root']}/{file['path']}": file for file in answered(ANSWERS)}
# What compiles exactly; a file that leaves this list is a step back.
EXACT = frozenset((HERE / "exact.txt").read_text("utf-8").split())


@pytest.fixture(scope="session")
def corpus() -> Path:
    warm()
    try:
        return fetched()
    except NotFetched as reason:
        pytest.skip(f"the corpus is not at hand: {reason}")


def chosen() -> list[str]:
    return sorted(random.Random(os.environ.get("LEOFLOW_SEED", "0")).sample(sorted(FILES), SHARE))


@pytest.mark.parametrize("name", chosen())
def test_the_graph_is_airflows_or_there_is_none(corpus: Path, name: str) -> None:
    file = FILES[name]
    assert blob((corpus / name).read_bytes()) == file["blob"], (
        "this is not the file that Airflow was asked about"
    )
    compiled = compile_one(corpus, file["root"], file["path"])
    (row,) = score({**ANSWERS, "files": [file]}, {name: compiled}).rows
    assert row.result != "wrong", row.why
    assert "LF5" not in str(row.why), "a defect of the compiler"
    assert row.result == "exact" or name not in EXACT, row.why
    assert not row.fields


@pytest.mark.parametrize("name", sorted({*chosen()} & EXACT - not_built()))
def test_compiler_facade_and_airflow_see_one_graph(corpus: Path, name: str) -> None:
    """The answers agree with the compiler, by the test above; so must what the runtime builds."""
    assert why_not_built(corpus, name) is None


def test_the_record_names_files_of_the_answers() -> None:
    assert not EXACT - FILES.keys()
    assert not not_built() - EXACT

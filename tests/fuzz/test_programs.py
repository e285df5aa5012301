"""Generated DAG files: the compiler's graph is what the façade builds, or the file is refused by both.

FUZZ_EXAMPLES sets how many files; the share of `make test` is seeded, so that it is the same in every run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from leoflow_compiler.lower.pipeline import run_passes
from leoflow_compiler.project import Project, ProjectConfig
from tests.fuzz.compared import has_cycle, of_built, of_compiled
from tests.fuzz.facade import Facade
from tests.fuzz.programs import PARTS, programs

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(max(120, EXAMPLES))]


@pytest.fixture(scope="module")
def facade() -> Iterator[Facade]:
    with Facade() as server:
        yield server


@settings(
    max_examples=EXAMPLES or 120,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(text=programs())
def test_a_generated_file_compiles_to_what_is_built(text: str, facade: Facade, tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(text, "utf-8")
    (tmp_path / "parts.py").write_text(PARTS, "utf-8")
    files = {name: tmp_path / name for name in ("dag.py", "parts.py")}
    project = Project(root=tmp_path, config=ProjectConfig(dag_id="generated"), files=files)

    result = run_passes(project)

    built = facade.build(tmp_path, "generated", result.document or {})
    if result.document is None:
        reasons = [f"{item.code.code} {item.span} {item.message}" for item in result.diagnostics]
        assert reasons
        assert not any(reason.startswith("LF5") for reason in reasons), reasons
        # Everything that is generated is supported: what is refused here has to be wrong there as well.
        assert "error" in built or has_cycle(built["tasks"]), (reasons, text)
    else:
        assert "error" not in built, built["error"]
        compiled = of_compiled(result.document)
        assert compiled == of_built(built, compiled)

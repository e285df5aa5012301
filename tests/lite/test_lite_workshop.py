"""The workshop with a scripted compiler and a registry that writes everything down."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from leoflow_server.lite.catalogue import Catalogue
from leoflow_server.lite.compilers import Compiled, Refused
from leoflow_server.lite.workshop import Outcome, Rejected, Workshop

Compile = Callable[[Path, str], Awaitable[Compiled | Refused]]


@dataclass
class Ledger:
    """A registry in memory."""

    versions: list[tuple[str, str]] = field(default_factory=list)  # (folder, dag_id)
    code: dict[str, Path] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    rejects: bool = False

    async def register(self, folder: str, document: dict[str, Any], code_path: Path) -> bool:
        if self.rejects:
            raise Rejected("the document has 2 problems")
        self.versions.append((folder, document["dag_id"]))
        self.code[folder] = code_path
        return True

    async def deregister(self, dag_id: str) -> None:
        self.gone.append(dag_id)

    async def complain(self, folder: str, dag_id: str | None, text: str) -> None:
        self.complaints[folder] = text

    async def settle(self, folder: str) -> None:
        self.complaints.pop(folder, None)


def reads_dag_py(workspace: Path, folder: str) -> Compiled | Refused:
    """A stand-in for the compiler: the text of `dag.py` is the dag_id; `!` does not compile."""
    content = (workspace / folder / "dag.py").read_bytes()
    if content.startswith(b"!"):
        return Refused(text="error[LF101]: no", seconds=0.1)
    dag_id, *needs = content.decode().split()
    document = {
        "schema_version": "1.0",
        "dag_id": dag_id,
        "tasks": [],
        "files": {"dag.py": "sha256:" + hashlib.sha256(content).hexdigest()},
        "runtime": {"dependencies": needs},
    }
    return Compiled(document=document, seconds=0.1)


async def scripted(workspace: Path, folder: str) -> Compiled | Refused:
    return reads_dag_py(workspace, folder)


@dataclass
class Bench:
    workshop: Workshop
    ledger: Ledger
    told: list[Outcome]

    def save(self, folder: str, content: str) -> Path:
        project = self.workshop.workspace / folder
        project.mkdir(exist_ok=True)
        (project / "leoflow.yaml").write_text("")
        (project / "dag.py").write_text(content)
        return project

    async def settle(self) -> None:
        await self.workshop.compile(await self.workshop.survey())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name in ("work", "bundles"):
        (tmp_path / name).mkdir()
    ledger, told = Ledger(), []
    workshop = Workshop(
        workspace=tmp_path / "work",
        bundles=tmp_path / "bundles",
        registry=ledger,
        catalogue=Catalogue(),
        tell=told.append,
        compile_one=scripted,
    )
    return Bench(workshop=workshop, ledger=ledger, told=told)


def test_projects_are_compiled_and_their_files_kept(bench: Bench) -> None:
    bench.save("a", "sales")
    asyncio.run(bench.settle())
    assert bench.ledger.versions == [("a", "sales")]
    assert (bench.ledger.code["a"] / "dag.py").read_text() == "sales"
    assert [(outcome.dag_id, outcome.changed) for outcome in bench.told] == [("sales", True)]


def test_what_is_missing_is_said_beside_the_version(bench: Bench) -> None:
    bench.save("a", "sales no-such-package-anywhere")
    asyncio.run(bench.settle())
    assert bench.ledger.versions == [("a", "sales")]
    assert "no-such-package-anywhere (not installed)" in bench.ledger.complaints["a"]


def test_a_broken_save_complains_and_a_mended_one_settles(bench: Bench) -> None:
    async def story() -> None:
        project = bench.save("a", "sales")
        await bench.settle()
        bench.save("a", "!")
        await bench.workshop.compile([project])
        assert bench.ledger.complaints == {"a": "error[LF101]: no"}
        assert bench.ledger.gone == []
        bench.save("a", "sales")
        await bench.workshop.compile([project])
        assert bench.ledger.complaints == {}
        assert bench.ledger.versions == [("a", "sales")]

    asyncio.run(story())


def test_when_the_owner_of_an_id_goes_the_other_project_takes_over(bench: Bench) -> None:
    async def story() -> None:
        first = bench.save("a", "sales")
        bench.save("b", "sales")
        await bench.settle()
        (first / "leoflow.yaml").unlink()
        await bench.settle()
        assert bench.ledger.versions[-1] == ("b", "sales")
        assert bench.ledger.complaints == {}
        assert bench.ledger.gone == []

    asyncio.run(story())


def test_a_file_saved_while_it_is_compiled_is_compiled_again(bench: Bench) -> None:
    project = bench.save("a", "old")
    texts = iter(["old", "older"])

    async def slow(workspace: Path, folder: str) -> Compiled | Refused:
        result = reads_dag_py(workspace, folder)
        # Somebody saves between the compiler's reading and the copy, twice.
        if (text := next(texts, None)) is not None:
            (project / "dag.py").write_text(text + "est")
        return result

    bench.workshop.compile_one = slow
    asyncio.run(bench.settle())
    assert bench.ledger.versions == [("a", "olderest")]


def test_a_document_that_the_registry_rejects_is_an_import_error(bench: Bench) -> None:
    async def story() -> None:
        project = bench.save("a", "sales")
        bench.ledger.rejects = True
        await bench.settle()
        assert bench.ledger.complaints == {"a": "the document has 2 problems"}
        bench.ledger.rejects = False
        await bench.workshop.compile([project])
        assert bench.ledger.versions == [("a", "sales")]

    asyncio.run(story())


def test_no_more_compilers_run_at_once_than_allowed(bench: Bench) -> None:
    running = 0
    most = 0

    async def counting(workspace: Path, folder: str) -> Compiled | Refused:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return reads_dag_py(workspace, folder)

    for number in range(9):
        bench.save(f"p{number}", f"dag{number}")
    bench.workshop.compile_one = counting
    asyncio.run(bench.settle())
    assert len(bench.ledger.versions) == 9
    assert most == 2


def test_a_save_during_a_compilation_leads_to_one_more(bench: Bench) -> None:
    async def story() -> None:
        project = bench.save("a", "one")
        entered, go_on = asyncio.Event(), asyncio.Event()
        count = 0

        async def held(workspace: Path, folder: str) -> Compiled | Refused:
            nonlocal count
            count += 1
            result = reads_dag_py(workspace, folder)
            entered.set()
            await go_on.wait()
            return result

        bench.workshop.compile_one = held
        first = asyncio.create_task(bench.settle())
        await entered.wait()
        for _ in range(3):
            await bench.workshop.compile([project])  # returns at once: it is under way
        go_on.set()
        await first
        assert count == 2

    asyncio.run(story())

"""What is kept from earlier compiles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leoflow_compiler.cli import cache as module
from leoflow_compiler.cli.cache import CompileCache
from leoflow_compiler.project import load_project


def test_a_clean_config_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dag.py").write_text("")
    (tmp_path / "leoflow.yaml").write_text('schema_version: "1.0"\ndag_id: demo\ntags: [a, b]\n')
    cache = CompileCache(tmp_path / "cache")
    before, problems = load_project(tmp_path, known=cache)
    assert before is not None, problems

    monkeypatch.setattr("leoflow_compiler.project.yaml_reader.read_yaml", None)
    after, _ = load_project(tmp_path, known=cache)

    assert after is not None
    assert after.config == before.config
    assert after.places == before.places
    assert after.location_of("tags", 1).line == 3


def test_the_oldest_entries_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 20)
    cache = CompileCache(tmp_path)
    for number in range(25):
        cache.put(f"{number:064}", {"number": number})
        os_time = 1_000_000_000 + number
        entry = tmp_path / "compiled" / f"{number:064}.json"
        os.utime(entry, (os_time, os_time))

    cache.prune()

    assert [number for number in range(25) if cache.get(f"{number:064}")] == list(range(7, 25))


def test_an_entry_that_is_damaged_counts_as_absent(tmp_path: Path) -> None:
    cache = CompileCache(tmp_path)
    cache.put("key", {"a": 1})
    entry = tmp_path / "compiled" / "key.json"
    entry.write_bytes(entry.read_bytes()[:-1])
    assert cache.get("key") is None

"""The projects that a folder becomes: planned first, written after, never over anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from leoflow_compiler.diagnostics import Diagnostic
from leoflow_compiler.lower.every_dag import CompiledFile
from leoflow_compiler.migrate.imports import Needs, needs_of
from leoflow_compiler.project.airflow_folder import AirflowFolder


@dataclass(frozen=True, kw_only=True, slots=True)
class Migrated:
    """One DAG, or one file without any that could be told: `dag_id` None."""

    path: str  # of the DAG file in the folder
    dag_id: str | None
    document: Mapping[str, Any] | None
    diagnostics: tuple[Diagnostic, ...]
    needs: Needs

    @property
    def outcome(self) -> str:
        """`exact`, `notes` (it compiles, with warnings) or `declined`."""
        if self.document is None:
            return "declined"
        return "notes" if self.diagnostics else "exact"


def plan(folder: AirflowFolder, compiled: Sequence[tuple[str, CompiledFile]]) -> tuple[Migrated, ...]:
    """What each DAG becomes, in the order of the files."""
    return tuple(one for path, file in compiled for one in _of_file(folder, path, file))


def _of_file(folder: AirflowFolder, path: str, compiled: CompiledFile) -> Iterator[Migrated]:
    project = folder.project(path)
    needs = needs_of(project.config.dag_source, folder.files, (folder.dags, "plugins", ""))
    if not compiled.dags:
        yield Migrated(path=path, dag_id=None, document=None, diagnostics=compiled.diagnostics, needs=needs)
    for dag_id, result in compiled.dags.items():
        yield Migrated(
            path=path,
            dag_id=dag_id,
            document=result.document,
            diagnostics=tuple(dict.fromkeys((*compiled.diagnostics, *result.diagnostics))),
            needs=needs,
        )


class TargetTaken(Exception):
    """A folder that would be written is there already, and holds something else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


def write(folder: AirflowFolder, migrated: Sequence[Migrated], out: Path, python: str) -> int:
    """Writes a project for each DAG that compiles; gives their number.

    What is there already is left alone where it is the same. Raises TargetTaken, before anything is written,
    and OSError.
    """
    ready = [one for one in migrated if one.document is not None and one.dag_id is not None]
    for one in ready:
        target = out / str(one.dag_id)
        if target.exists() and any(
            not (target / path).is_file() or (target / path).read_bytes() != data
            for path, data in _contents(folder, one, python)
        ):
            raise TargetTaken(target)
    for one in ready:
        for path, data in _contents(folder, one, python):
            place = out / str(one.dag_id) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return len(ready)


def _contents(folder: AirflowFolder, one: Migrated, python: str) -> Iterator[tuple[str, bytes]]:
    for path in one.needs.files:
        yield path, folder.files[path].read_bytes()
    yield "leoflow.yaml", f"# From {one.path}\n{config_of(one, folder, python)}".encode()


def config_of(one: Migrated, folder: AirflowFolder, python: str) -> str:
    """The text of `leoflow.yaml`."""
    config: dict[str, Any] = {
        "schema_version": "1.0",
        "dag_id": one.dag_id,
        "python_version": python,
        "dag_source": folder.project(one.path).config.dag_source,
    }
    if one.needs.distributions:
        config["dependencies"] = list(one.needs.distributions)
    text: str = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    return text

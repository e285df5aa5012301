"""`leoflow validate --airflow`: every DAG file of a plain Airflow repository."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from leoflow_compiler.cli.compilation import Compiled, warm
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.targets import Target
from leoflow_compiler.diagnostics.outcome import Exit, in_order
from leoflow_compiler.diagnostics.records import Diagnostic
from leoflow_compiler.lower.every_dag import CompiledFile, compile_file
from leoflow_compiler.project.airflow_folder import AirflowFolder
from leoflow_runtime.light import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedFile:
    """One DAG file: `path` relative to the folder."""

    path: str
    compiled: CompiledFile


def check_folder(folder: Path) -> tuple[CheckedFile, ...]:
    """All DAG files of the folder, side by side, with progress on a terminal. Raises UserError."""
    if not folder.is_dir():
        raise UserError(f"{str(folder)!r} is no folder", exit_code=Exit.MISUSE)
    airflow = AirflowFolder.of(folder)
    paths = airflow.dag_files()
    if not paths:
        raise UserError(f"{str(folder)!r} has no DAG file: no .py file that names airflow and a DAG")
    return tuple(_compiled(airflow, paths))


def _compiled(airflow: AirflowFolder, paths: Sequence[str]) -> Iterator[CheckedFile]:
    shown = sys.stderr.isatty()
    workers = min(len(paths), os.cpu_count() or 1)
    if workers > 1:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(workers, initializer=warm) as pool:
            results = pool.map(compile_file, map(airflow.project, paths), chunksize=1)
            for number, (path, found) in enumerate(zip(paths, results, strict=True), 1):
                _progress(number, len(paths), path, shown=shown)
                yield CheckedFile(path=path, compiled=found)
    else:
        for path in paths:
            yield CheckedFile(path=path, compiled=compile_file(airflow.project(path)))
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)


def _progress(number: int, total: int, path: str, *, shown: bool) -> None:
    if shown:
        click.echo(f"\r\x1b[K{number}/{total} {path[:60]}", nl=False, err=True)


def as_results(folder: Path, label: str, checked: Sequence[CheckedFile]) -> tuple[Compiled, ...]:
    """As results of projects: a problem of a module that many files import is told once."""
    told: set[Diagnostic] = set()
    results = []
    for one in checked:
        found = [*one.compiled.diagnostics]
        found += [item for dag in one.compiled.dags.values() for item in dag.diagnostics]
        new = tuple(item for item in dict.fromkeys(found) if item not in told)
        told.update(new)
        results.append(
            Compiled(
                target=Target(folder=folder, label=label),
                project=None,
                document=None,
                diagnostics=in_order(new),
            )
        )
    return tuple(results)


def count(checked: Sequence[CheckedFile]) -> str:
    """One line about all of them."""
    dags = sum(len(one.compiled.dags) for one in checked if not one.compiled.failed)
    refused = sum(one.compiled.failed for one in checked)
    files = f"{len(checked)} DAG file{'' if len(checked) == 1 else 's'}"
    return f"{files}: {len(checked) - refused} compile ({dags} DAGs), {refused} do not"

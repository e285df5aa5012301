"""A folder of plain Airflow DAG files: each is compiled as a project of its own, the others beside it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from pathlib import Path

from leoflow_compiler.project.airflow_ignore import AirflowIgnore
from leoflow_compiler.project.records import Project, ProjectConfig
from leoflow_runtime.light import dataclass

_LEFT_OUT = frozenset({"__pycache__", "node_modules", "venv"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AirflowFolder:
    """`root` is the repository, `dags` its DAGs folder relative to it; `files` are listed once for all."""

    root: Path
    dags: str
    files: Mapping[str, Path]

    @classmethod
    def of(cls, dags: Path, root: Path | None = None) -> AirflowFolder:
        """Lists the files of `root`, which is the DAGs folder itself where it is not given."""
        base = (root or dags).resolve()
        relative = dags.resolve().relative_to(base).as_posix()
        return cls(root=base, dags="" if relative == "." else relative, files=_listing(base))

    def dag_files(self) -> list[str]:
        """What Airflow's DagBag would read, relative to the DAGs folder: Python files that name Airflow and a
        DAG, `.airflowignore` (glob syntax, the default of Airflow 3) left out."""
        found = []
        prefix = f"{self.dags}/" if self.dags else ""
        ignore = AirflowIgnore(self.files)
        for path, file in self.files.items():
            if not path.startswith(prefix) or not path.endswith(".py") or ignore.leaves_out(path):
                continue
            try:
                text = file.read_bytes().lower()
            except OSError:
                continue
            if b"dag" in text and b"airflow" in text:
                found.append(path.removeprefix(prefix))
        return found

    def project(self, path: str) -> Project:
        """The DAG file at `path`, relative to the DAGs folder. Imports are looked up as Airflow does."""
        return Project(
            root=self.root,
            config=ProjectConfig(dag_id="", dag_source=posixpath.join(self.dags, path)),
            files=self.files,
            search_path=tuple(dict.fromkeys((self.dags, "plugins", ""))),
        )


def _listing(root: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(
            name for name in subfolders if name not in _LEFT_OUT and not name.startswith(".")
        )
        for name in sorted(names):
            path = Path(folder, name)
            if not path.is_symlink():  # as in a bundle: it may lead out of the folder
                found[path.relative_to(root).as_posix()] = path
    return found
